import { newId } from "../../kernel/ids.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import type { UserRow } from "./tables.ts"

type Said = Pick<UserRow, "orgId" | "email" | "fullName" | "passwordHash" | "roles"> & Partial<Pick<UserRow, "id">>

/** A person's row as it begins. */
export const newUser = (ctx: PublicCtx, said: Said): UserRow => ({
  id: newId("usr", ctx.now),
  ...said,
  isActive: true,
  version: 1,
  createdAt: ctx.now,
  updatedAt: ctx.now,
})
