import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type NewcomersServer, run, runScript, startServer } from "../support/newcomer.ts"
import { read } from "../support/repository.ts"

/** One server for all of them: the demo and the tour leave the world as their readers find it, only busier. */
let server: NewcomersServer

beforeAll(async () => {
  server = await startServer()
}, 300_000)
afterAll(() => server?.stop(), 60_000)

type Block = { readonly language: string; readonly text: string }

/** The fenced blocks of the README's tour, in order. */
function tour(): Block[] {
  const [, section = ""] = /\n## A ten-minute tour\n([\s\S]*?)\n## /.exec(read("README.md")) ?? []
  return [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = "", text = ""]) => ({ language, text }))
}

const mark = (index: number): string => `--- end of command block ${index} ---`

describe("a newcomer", () => {
  test("runs the README's tour, and gets what it promises", async () => {
    const blocks = tour()
    const commands = blocks.filter(({ language }) => language === "sh")
    expect(commands.length).toBeGreaterThan(8)
    const script = commands.map(({ text }, index) => `${text}\necho '${mark(index)}'`).join("\n")
    const { code, stdout, stderr } = await run("bash", ["-u", "-o", "pipefail"], { BASE: server.base }, script)

    let left = stdout
    const outputs = commands.map((_, index) => {
      const end = left.indexOf(mark(index))
      const output = end < 0 ? left : left.slice(0, end)
      left = end < 0 ? "" : left.slice(end + mark(index).length + 1)
      return output
    })
    const promised = blocks.flatMap(({ language }, index) =>
      language === "sh" ? [blocks[index + 1]?.language === "text" ? blocks[index + 1]?.text : undefined] : [],
    )
    expect(outputs.map((output, index) => (promised[index] === undefined ? undefined : output))).toEqual(promised)
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
  })

  test("runs the demo, which verifies the whole story", async () => {
    const { code, stdout, stderr } = await runScript("demo.ts", `--base=${server.base}`)
    expect({ code, stderr, failed: stdout.split("\n").filter((line) => line.includes("✗")) }).toEqual({ code: 0, stderr: "", failed: [] })
    const checked = stdout.split("\n").filter((line) => line.startsWith("  ✓ ")).length
    expect(checked).toBeGreaterThan(60)
    expect(stdout).toContain(`${checked} checks passed. Verified: `)
  })

  test("seeds the demo world again without harm, since it is there", async () => {
    const { code, stdout } = await runScript("seed.ts", "--size=small", `--base=${server.base}`)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^The demo world is there already/)
  })

  test("finds an order in every state among the demo buyer's", async () => {
    const call = async (path: string, init: RequestInit = {}) =>
      (await (await fetch(`${server.base}/api/v1${path}`, init)).json()) as unknown
    const { access_token } = (await call("/auth/token", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: "buyer@buyer.waybill.test", password: "waybill-demo" }),
    })) as { access_token: string }
    for (const status of ["PENDING", "ACCEPTED", "IN_DELIVERY", "COMPLETED", "REJECTED", "CANCELLED"]) {
      const headers = { authorization: `Bearer ${access_token}` }
      const { data } = (await call(`/orders/my-orders?status=${status}`, { headers })) as { data: unknown[] }
      expect(data.length, status).toBeGreaterThan(0)
    }
  })
})

describe("a command line that is wrong", () => {
  const cases = [
    ["seed.ts", "--nonsense"],
    ["seed.ts", "--size=huge"],
    ["seed.ts", "--seed=x"],
    ["demo.ts", "--base=nowhere"],
    ["demo.ts", "more"],
  ] as const
  test.each(cases)("%s %s is answered with one line and status 2", async (script, option) => {
    const { code, stdout, stderr } = await runScript(script, option)
    expect({ code, stdout, lines: stderr.trim().split("\n").length }).toEqual({ code: 2, stdout: "", lines: 1 })
  })

  test("a server that is not there is told in one line", async () => {
    const { code, stderr } = await runScript("demo.ts", "--base=http://127.0.0.1:1")
    expect(code).toBe(1)
    expect(stderr).toMatch(/^waybill: no server answers at http:\/\/127\.0\.0\.1:1 \(.+\); npm start runs one.+\n$/)
  })
})
