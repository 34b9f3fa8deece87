import { expect, test, vi } from "vitest"
import { type DevServer, keepAlive } from "../../../scripts/start/dev-server.ts"

/** Servers that end when they are told to, one after another. */
function servers() {
  const ends: Array<(why: string) => void> = []
  const start = async (): Promise<DevServer> => ({
    base: "http://127.0.0.1:1",
    died: new Promise((resolve) => ends.push(resolve)),
    stop: async () => undefined,
  })
  return { ends, start }
}

test("a local server that goes down is started again, and whoever watches is told in words that the data is kept", async () => {
  const { ends, start } = servers()
  const said: string[] = []
  await keepAlive(start, (line) => said.push(line))
  ends[0]?.("wrangler ended with 1")
  await vi.waitFor(() => expect(said).toHaveLength(2), { timeout: 20_000 })
  expect(ends).toHaveLength(2)
  expect(said[0]).toMatch(/went down \(wrangler ended with 1\).*starting it again/)
  expect(said[1]).toMatch(/up again after \d+\.\d s; all data is kept/)
})

test("one that goes down as soon as it is up is given up", async () => {
  const { ends, start } = servers()
  const server = await keepAlive(async () => {
    const started = await start()
    ends.at(-1)?.("no database")
    return started
  }, vi.fn())
  expect(await server.died).toBe("no database")
  expect(ends.length).toBeLessThan(20)
})

test("one that was stopped stays so", async () => {
  const { ends, start } = servers()
  const say = vi.fn()
  const server = await keepAlive(start, say)
  await server.stop()
  ends[0]?.("wrangler ended with SIGTERM")
  expect(await server.died).toBe("wrangler ended with SIGTERM")
  expect(say).not.toHaveBeenCalled()
})
