import type { Bindings } from "../../../src/platform/env.ts"
import api from "../../../src/worker.ts"

export * from "../../../src/worker.ts"

let held: ArrayBuffer | undefined

/** The deployed Worker, and beside it one that does hold what it is sent: what a measure of memory must be able to see. */
export default {
  ...api,
  async fetch(request: Request, env: Bindings, execution: ExecutionContext): Promise<Response> {
    if (new URL(request.url).pathname !== "/__hold") return api.fetch(request, env, execution)
    held = request.method === "POST" ? await request.arrayBuffer() : undefined
    return new Response(String(held?.byteLength ?? 0))
  },
}
