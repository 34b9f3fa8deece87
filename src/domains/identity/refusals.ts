import type { Refusal } from "../../kernel/result.ts"

export const emailTaken: Refusal = {
  code: "EMAIL_TAKEN",
  errors: [{ pointer: "/email", code: "TAKEN", message: "Somebody has this address already." }],
}

export const duplicate = (pointer: string, message: string): Refusal => ({
  code: "CONFLICT",
  detail: message,
  errors: [{ pointer, code: "TAKEN", message }],
})

/** One answer for a one-time token that is unknown, used or expired: which of these it was is nobody's business. */
export const tokenIsOver: Refusal = { code: "TOKEN_EXPIRED", detail: "The token is unknown, was used, or has expired." }
