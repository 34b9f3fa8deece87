import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, expect, test } from "vitest"
import { fetchAgain } from "../support/server/fetch-again.ts"

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A server that hangs up on so many requests before it answers, and what it was asked. */
async function hangingUp(times: number, status = 200): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    let body = ""
    request.setEncoding("utf8").on("data", (part: string) => {
      body += part
    })
    request.on("end", () => {
      bodies.push(body)
      if (bodies.length <= times) request.socket.destroy()
      else response.writeHead(status).end(status === 204 ? undefined : "whole")
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  servers.push(server)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/rows`, bodies }
}

test("a request that nobody answered is sent again, its body too", async () => {
  const { url, bodies } = await hangingUp(2)
  const answer = await fetchAgain(url, { method: "POST", body: "select 1" })
  expect([answer.status, await answer.text()]).toEqual([200, "whole"])
  expect(bodies).toEqual(["select 1", "select 1", "select 1"])
})

test("any answer counts, errors and answers without a body too", async () => {
  for (const status of [204, 404, 500]) {
    const { url, bodies } = await hangingUp(0, status)
    expect((await fetchAgain(url)).status).toBe(status)
    expect(bodies).toHaveLength(1)
  }
})

test("after five tries it says who was asked, and why there was no answer", async () => {
  const { url, bodies } = await hangingUp(100)
  await expect(fetchAgain(url)).rejects.toThrow(/^GET \/rows: fetch failed \(UND_ERR_SOCKET other side closed\)$|ECONNRESET/)
  expect(bodies).toHaveLength(5)
})
