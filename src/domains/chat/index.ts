/** The only way into this domain. */
export { chatEndpoints } from "./http.ts"
export { conversationOfLink } from "./rules.ts"
export { claimsOfTicket } from "./tickets.ts"
