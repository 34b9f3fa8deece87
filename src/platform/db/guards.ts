import { type SQL, sql } from "drizzle-orm"
import type { ErrorCode } from "../../kernel/errors.ts"
import { compile, type Statement } from "./executor.ts"

/**
 * A condition inside a batch: when it does not hold, the database aborts the whole batch and the
 * request is refused with the code. D1 has no interactive transactions, so a check that must hold at
 * commit has to be a statement; the `guards` table's trigger raises on any insert and stays empty.
 */
export const guard = (code: ErrorCode, holds: SQL): Statement => compile(sql`insert into guards (code) select ${code} where not (${holds})`)

/** Aborts the batch unless the statement before it changed at least one row. */
export const guardChanged = (code: ErrorCode): Statement => guard(code, sql`changes() > 0`)

/** The code a guard aborted with, or undefined when the failure was something else. */
export const guardCode = (message: string): string | undefined => /waybill guard: ([A-Z_]+)/.exec(message)?.[1]

/** `users.email` of «UNIQUE constraint failed: users.email», or undefined. */
export const uniqueViolation = (message: string): string | undefined =>
  /UNIQUE constraint failed: ([\w., ]+)/.exec(message)?.[1]?.split(",")[0]?.trim()
