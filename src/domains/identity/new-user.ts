import { newId } from "../../kernel/ids.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import type { UserRow } from "./tables.ts"

type Given = Pick<UserRow, "orgId" | "email" | "fullName" | "passwordHash" | "roles"> & Partial<Pick<UserRow, "id">>

/** A person's row as it begins. */
export const newUser = (ctx: PublicCtx, { id = newId("usr", ctx.now), ...given }: Given): UserRow => ({
  ...given,
  id,
  isActive: true,
  version: 1,
  createdAt: ctx.now,
  updatedAt: ctx.now,
})
