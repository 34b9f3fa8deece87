import type { z } from "@hono/zod-openapi"
import type { Permission } from "../auth/permissions.ts"

/** An event's name, the permission needed to see it, and the shape of its data for the side that receives it. */
export type EventType<T> = {
  readonly name: string
  readonly permission: Permission
  readonly schema: z.ZodType<T>
}

const declared = new Map<string, EventType<unknown>>()

type EventName = `${string}.${string}`

/** Declares an event type; names are past tense and dotted (`order.accepted`) and stand once. */
export function defineEvent<T>(name: EventName, permission: Permission, schema: z.ZodType<T>): EventType<T> {
  if (declared.has(name)) throw new Error(`event ${name} is declared twice`)
  const type = { name, permission, schema }
  declared.set(name, type as EventType<unknown>)
  return type
}

/** Declares event types of one permission and shape, each by its name alone. */
export const eventsOf =
  <T>(permission: Permission, schema: z.ZodType<T>) =>
  (name: EventName): EventType<T> =>
    defineEvent(name, permission, schema)

export const eventTypes: ReadonlyMap<string, EventType<unknown>> = declared
