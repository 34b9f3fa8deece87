import type { z } from "@hono/zod-openapi"
import type { ErrorCode } from "../../kernel/errors.ts"
import type { Err, Refusal } from "../../kernel/result.ts"
import type { Permission } from "../auth/permissions.ts"
import type { Ctx, PublicCtx, SignedCtx } from "./context.ts"
import type { Reply } from "./reply.ts"
import type { Upload } from "./upload.ts"

/**
 * Who may call: nobody in particular, anyone signed in, or whoever holds the permission (or one of several,
 * where the handler decides by what is asked). There is no default: a route that does not say does not compile.
 */
export type Access = "public" | "signed-in" | Permission | readonly [Permission, Permission, ...Permission[]]

type Method = "get" | "post" | "put" | "patch" | "delete"

export type Shape = z.ZodType | undefined

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
  /**
   * JSON unless said otherwise. The OAuth2 password form is one exception; a file is the other: with `stream` the body goes
   * to the handler as an `Upload`, unread, whether it is the whole body or stands in a form; with `json-or-stream` it does so
   * unless the request calls it JSON. Of a stream the Idempotency-Key covers what was sent, not how: the query, a form's
   * fields and the SHA-256 of the file. A repeat is read to its end to learn that it is one, and stores nothing.
   */
  readonly bodyType?: "json" | "json-or-form" | "stream" | "json-or-stream"
  readonly success: {
    readonly status: 101 | 200 | 201 | 202 | 204
    readonly schema?: z.ZodType
    readonly description: string
    readonly contentType?: string
    /** What else it may be, by content type, where Accept asks for it. */
    readonly orAs?: Readonly<Record<string, z.ZodType>>
  }
  /** Codes of this operation beyond those that its shape implies: its path, method, body and access (`codesOf`). */
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
  /** Whoever has a signed URL may call it too, without a token: see `signableEndpoint`. */
  readonly isSignable?: boolean
  /** Answers with bytes that somebody uploaded: a browser that shows them runs nothing in them. */
  readonly servesUploads?: boolean
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
export type Awaitable<T> = T | Promise<T>

/** A route with its handler, its input types erased: what the pipeline runs and the registry lists. */
export type Endpoint = {
  readonly spec: EndpointSpec
  readonly isPublic: boolean
  readonly handle: (
    ctx: Ctx | PublicCtx | SignedCtx,
    input: { params: unknown; query: unknown; body: unknown; upload: Upload | undefined },
  ) => Awaitable<HandlerResult>
}

export type SignedInSpec<P extends Shape, Q extends Shape, B extends Shape> = EndpointSpec<P, Q, B> & {
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

/** A route that takes a file as a stream: its handler gets the Upload, or the body where the route takes JSON instead and JSON came. */
export function uploadEndpoint<P extends Shape = undefined, Q extends Shape = undefined, B extends Shape = undefined>(
  spec: SignedInSpec<P, Q, B> & { readonly bodyType: "stream" | "json-or-stream" },
  handler: (
    ctx: Ctx,
    input: Omit<Input<P, Q, B>, "body"> & { readonly body: Output<B> | undefined; readonly upload: Upload | undefined },
  ) => Awaitable<HandlerResult>,
): Endpoint {
  return { spec: spec as EndpointSpec, isPublic: false, handle: handler as Endpoint["handle"] }
}

/** A route that a signed URL opens as well as a token: then its handler gets no actor, and the organization that the URL names. */
export function signableEndpoint<P extends Shape = undefined, Q extends Shape = undefined>(
  spec: SignedInSpec<P, Q, undefined> & { readonly method: "get"; readonly isSignable: true },
  handler: (ctx: Ctx | SignedCtx, input: Input<P, Q, undefined>) => Awaitable<HandlerResult>,
): Endpoint {
  return { spec: spec as EndpointSpec, isPublic: false, handle: handler as Endpoint["handle"] }
}

export const takesStream = (spec: EndpointSpec): boolean => spec.bodyType === "stream" || spec.bodyType === "json-or-stream"

export const isMutation = (spec: EndpointSpec): boolean => spec.method !== "get"

/** The path as the router and the OpenAPI document have it: `/api/v1/orders/{id}` or `/health`. */
export const fullPath = (spec: EndpointSpec): string => (spec.path.startsWith("./") ? spec.path.slice(1) : `/api/v1${spec.path}`)

export const permissionsRequired = (access: Access): readonly Permission[] =>
  access === "public" || access === "signed-in" ? [] : typeof access === "string" ? [access] : access
