import { env, exports } from "cloudflare:workers"
import { test, vi } from "vitest"
import { endpoints } from "../../src/domains/endpoints.ts"
import { directory } from "../../src/domains/identity/index.ts"
import { appOf } from "../support/app.ts"
import { observer } from "../../src/platform/log/observe.ts"
import { signUp } from "../support/world.ts"
const out: string[] = []
for (const level of ["log", "warn", "error"] as const) { const real = console[level]; if (process.env["Q"] !== "x") console[level] = () => undefined }
test("time", async () => {
  const w = await signUp(["supplier"])
  const ask = appOf(endpoints, { directory })
  const watched = appOf(endpoints, { directory, observer })
  const init = { headers: { authorization: `Bearer ${w.token}` } }
  for (const [name, call] of [["exports", (p: string) => exports.default.fetch(new Request(`http://api.waybill.test${p}`, init))], ["app", (p: string) => ask(p, init)], ["watched", (p: string) => watched(p, init)]] as const) {
   for (const path of ["/api/v1/products", "/api/v1/nope"]) {
    const ts: number[] = []
    for (let r = 0; r < 5; r++) {
      const t = performance.now()
      for (let i = 0; i < 100; i++) await (await call(path)).text()
      ts.push(Math.round(performance.now() - t))
    }
    out.push(`${name} ${path} ${ts.join(" ")}`)
   }
  }
  throw new Error(out.join("\n"))
}, 220000)
