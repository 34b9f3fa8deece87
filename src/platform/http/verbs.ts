import { type Err, type Refusal, type Result, refuse } from "../../kernel/result.ts"
import type { Ctx } from "./context.ts"
import { type Awaitable, type Endpoint, type EndpointSpec, endpoint, type Input, type Shape, type SignedInSpec } from "./endpoint.ts"
import { reply, type Shown } from "./reply.ts"

/** Routes of a kind that many are of: what all of the kind say of themselves, and how their answer goes out, stands here alone. */

/** What each says itself. Who may call is part of it: a route without `access` does not compile. */
type Said<P extends Shape, Q extends Shape, B extends Shape> = Omit<SignedInSpec<P, Q, B>, "method" | "success" | "isList"> & {
  readonly success: Omit<EndpointSpec["success"], "status">
}

type Handler<P extends Shape, Q extends Shape, B extends Shape, T> = (ctx: Ctx, input: Input<P, Q, B>) => Awaitable<T | Err<Refusal>>

type Page = { readonly data: readonly unknown[]; readonly next_cursor: string | null }

/** `GET /things`: a page of them. */
export function listEndpoint<P extends Shape = undefined, Q extends Shape = undefined>(
  said: Said<P, Q, undefined>,
  page: Handler<P, Q, undefined, Page>,
): Endpoint {
  return endpoint<P, Q>({ ...said, method: "get", success: { ...said.success, status: 200 }, isList: true }, async (ctx, input) => {
    const found = await page(ctx, input)
    return "ok" in found ? found : reply.ok(found)
  })
}

/** `GET /things/{id}`: one of them; NOT_FOUND where `find` finds none. `noun` names it to whoever asked. */
export function readEndpoint<P extends Shape = undefined, Q extends Shape = undefined>(
  { noun, ...said }: Said<P, Q, undefined> & { readonly noun: string },
  find: Handler<P, Q, undefined, Shown | undefined>,
): Endpoint {
  return endpoint<P, Q>({ ...said, method: "get", success: { ...said.success, status: 200 } }, async (ctx, input) => {
    const found = await find(ctx, input)
    if (found === undefined) return refuse("NOT_FOUND", `There is no such ${noun}.`)
    return "ok" in found ? found : reply.shown(found)
  })
}

type Created = Shown & { readonly view: { readonly id: string } }

/** `POST /things`: the new thing, which is at `/things/{id}` from now on. */
export function createEndpoint<P extends Shape = undefined, Q extends Shape = undefined, B extends Shape = undefined>(
  said: Said<P, Q, B>,
  create: Handler<P, Q, B, Created>,
): Endpoint {
  return endpoint<P, Q, B>({ ...said, method: "post", success: { ...said.success, status: 201 } }, async (ctx, input) => {
    const made = await create(ctx, input)
    return "ok" in made ? made : reply.created(made.view, `${said.path}/${made.view.id}`, made)
  })
}

/** `DELETE /things/{id}`: gone, with nothing more to say. */
export function deleteEndpoint<P extends Shape = undefined, Q extends Shape = undefined>(
  said: Said<P, Q, undefined>,
  remove: Handler<P, Q, undefined, Result<unknown> | void>,
): Endpoint {
  return endpoint<P, Q>({ ...said, method: "delete", success: { ...said.success, status: 204 } }, async (ctx, input) => {
    const removed = await remove(ctx, input)
    return typeof removed === "object" && !removed.ok ? removed : reply.noContent()
  })
}
