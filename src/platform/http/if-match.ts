import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "./context.ts"

/** @throws RefusalError VERSION_MISMATCH when If-Match names another version. */
export function assertVersion({ ifMatch }: Ctx, { version }: { readonly version: number }): void {
  if (ifMatch !== undefined && ifMatch !== version) throw new RefusalError({ code: "VERSION_MISMATCH" })
}
