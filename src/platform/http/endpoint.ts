import type { z } from "@hono/zod-openapi"
import type { ErrorCode } from "../../kernel/errors.ts"
import type { Err, Refusal } from "../../kernel/result.ts"
import type { Permission } from "../auth/permissions.ts"
import type { Ctx, PublicCtx } from "./context.ts"
import type { Reply } from "./reply.ts"

/**
 * Who may call: nobody in particular, anyone signed in, or whoever holds the permission (or one of several,
 * where the handler decides by what is asked). There is no default: a route that does not say does not compile.
 */
export type Access = "public" | "signed-in" | Permission | readonly [Permission, Permission, ...Permission[]]

export type Method = "get" | "post" | "put" | "patch" | "delete"

type Shape = z.ZodType | undefined

export type EndpointSpec<P extends Shape = Shape, Q extends Shape = Shape, B extends Shape = Shape> = {
  readonly operationId: string
  readonly method: Method
  /** Under /api/v1, with OpenAPI's `{id}` parameters; a path that starts with a dot stands at the root. */
  readonly path: `/${string}` | `./${string}`
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly access: Access
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  /** The OAuth2 password form is the one exception to JSON. */
  readonly bodyType?: "json" | "json-or-form"
  readonly success: {
    readonly status: 101 | 200 | 201 | 202 | 204
    readonly schema?: z.ZodType
    readonly description: string
    readonly contentType?: string
  }
  /** Codes of this operation beyond those that every operation has. */
  readonly errors?: readonly ErrorCode[]
  /** A list: its answer has `data` and `next_cursor`. */
  readonly isList?: boolean
  /** Who keeps the answer for a repeated Idempotency-Key: the Worker beside its batch, or the ledger's command log. Ignored for GET. */
  readonly writer?: "module" | "ledger"
  /** A change that a deactivated organization may still make (signing out, say). */
  readonly allowedWhenDeactivated?: boolean
  /** Opens a WebSocket: the credential may also be a one-time ticket or stand among the subprotocols. */
  readonly isSocket?: boolean
  /** Counts against the sign-in rate, by address and by the account named: guesses at a password, and mails to somebody else's mailbox. */
  readonly isSignIn?: boolean
  /** Does not exist but in development: answers like an unknown path. */
  readonly isDevelopmentOnly?: boolean
  /** Not part of the API document. */
  readonly isHidden?: boolean
}

type Output<S extends Shape> = S extends z.ZodType ? z.output<S> : undefined

export type Input<P extends Shape, Q extends Shape, B extends Shape> = {
  readonly params: Output<P>
  readonly query: Output<Q>
  readonly body: Output<B>
}

export type HandlerResult = Reply | Response | Err<Refusal>
type Awaitable<T> = T | Promise<T>

/** A route with its handler, its input types erased: what the pipeline runs and the registry lists. */
export type Endpoint = {
  readonly spec: EndpointSpec
  readonly isPublic: boolean
  readonly handle: (ctx: Ctx | PublicCtx, input: { params: unknown; query: unknown; body: unknown }) => Awaitable<HandlerResult>
}

type SignedInSpec<P extends Shape, Q extends Shape, B extends Shape> = EndpointSpec<P, Q, B> & {
  readonly access: Exclude<Access, "public">
}
type PublicSpec<P extends Shape, Q extends Shape, B extends Shape> = EndpointSpec<P, Q, B> & { readonly access: "public" }

/** A route for somebody: its handler gets the actor and that actor's organization. */
export function endpoint<P extends Shape = undefined, Q extends Shape = undefined, B extends Shape = undefined>(
  spec: SignedInSpec<P, Q, B>,
  handler: (ctx: Ctx, input: Input<P, Q, B>) => Awaitable<HandlerResult>,
): Endpoint {
  return { spec: spec as EndpointSpec, isPublic: false, handle: handler as Endpoint["handle"] }
}

/** A route for anybody: its handler has no actor and no organization. */
export function publicEndpoint<P extends Shape = undefined, Q extends Shape = undefined, B extends Shape = undefined>(
  spec: PublicSpec<P, Q, B>,
  handler: (ctx: PublicCtx, input: Input<P, Q, B>) => Awaitable<HandlerResult>,
): Endpoint {
  return { spec: spec as EndpointSpec, isPublic: true, handle: handler as Endpoint["handle"] }
}

export const isMutation = (spec: EndpointSpec): boolean => spec.method !== "get"

/** The path as the router and the OpenAPI document have it: `/api/v1/orders/{id}` or `/health`. */
export const fullPath = (spec: EndpointSpec): string => (spec.path.startsWith("./") ? spec.path.slice(1) : `/api/v1${spec.path}`)

export const permissionsRequired = (access: Access): readonly Permission[] =>
  access === "public" || access === "signed-in" ? [] : typeof access === "string" ? [access] : access
