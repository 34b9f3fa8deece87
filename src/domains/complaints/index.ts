/** The only way into this domain. */
export { complaintEndpoints } from "./http.ts"
export { runComplaintClock } from "./run-clock.ts"
