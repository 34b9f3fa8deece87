import { describe, expect, test } from "vitest"
import { isPublicAddress, parseTarget } from "../../src/domains/webhooks/target.ts"
import { quiet } from "../support/ledger.ts"
import { signUp } from "../support/world.ts"
import { deployed, json } from "./deployment.ts"

/** INV-WHK-5: a webhook is a request that somebody else chooses the address of. */

quiet()

const refusedInProduction: readonly string[] = [
  // Not https, or not a plain URL of a host.
  "http://hooks.example.com/",
  "ftp://hooks.example.com/",
  "file:///etc/passwd",
  "javascript:alert(1)",
  "data:text/plain,hello",
  "//hooks.example.com/",
  "hooks.example.com",
  "https://",
  "https://user@hooks.example.com/",
  "https://user:password@hooks.example.com/",
  "https://:password@hooks.example.com/",
  "https://hooks.example.com:22/",
  "https://hooks.example.com:8080/",
  "https://hooks.example.com:6379/",
  "https://hooks.example.com:0/",
  "https://hooks.example.com:99999/",
  // This machine.
  "https://localhost/",
  "https://LOCALHOST/",
  "https://localhost./",
  "https://api.localhost/",
  "https://127.0.0.1/",
  "https://127.0.0.1./",
  "https://127.255.255.254/",
  "https://0.0.0.0/",
  "https://[::1]/",
  "https://[::]/",
  // The same in other words.
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0x7f.0.0.1/",
  "https://0177.0.0.1/",
  "https://017700000001/",
  "https://127.1/",
  "https://127.0.1/",
  "https://0/",
  "https://①②⑦.⓪.⓪.①/",
  "https://127。0。0。1/",
  "https://%31%32%37.0.0.1/",
  "https://127.0.0.1%2f@hooks.example.com/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:7f00:1]/",
  "https://[0:0:0:0:0:ffff:7f00:1]/",
  "https://[::7f00:1]/",
  "https://[::127.0.0.1]/",
  "https://[64:ff9b::7f00:1]/",
  "https://[64:ff9b:1::a00:1]/",
  "https://[2002:7f00:1::]/",
  "https://[2001:0:7f00:1::]/",
  // Public addresses that hide how they are written.
  "https://134744072/",
  "https://0x08080808/",
  "https://8.8.2056/",
  // Private and special networks.
  "https://10.0.0.1/",
  "https://172.16.0.1/",
  "https://172.31.255.255/",
  "https://192.168.1.1/",
  "https://100.64.0.1/",
  "https://100.127.255.255/",
  "https://169.254.1.1/",
  "https://192.0.0.192/",
  "https://192.0.2.1/",
  "https://198.18.0.1/",
  "https://198.51.100.1/",
  "https://203.0.113.1/",
  "https://224.0.0.1/",
  "https://240.0.0.1/",
  "https://255.255.255.255/",
  "https://[fc00::1]/",
  "https://[fd12:3456:789a::1]/",
  "https://[fe80::1]/",
  "https://[fec0::1]/",
  "https://[ff02::1]/",
  "https://[2001:db8::1]/",
  "https://[100::1]/",
  // Clouds' metadata services.
  "https://169.254.169.254/latest/meta-data/",
  "https://[::ffff:169.254.169.254]/",
  "https://[fd00:ec2::254]/",
  "https://168.63.129.16/",
  "https://100.100.100.200/",
  "https://metadata.google.internal/",
  "https://metadata.google.internal./",
  "https://2852039166/",
  // Names of private networks.
  "https://intranet/",
  "https://printer.local/",
  "https://db.internal/",
  "https://router.lan/",
  "https://nas.home/",
  "https://nas.home.arpa/",
  "https://1.0.0.127.in-addr.arpa/",
  "https://wiki.corp/",
  "https://service.test/",
  "https://hidden.onion/",
  "https://.local/",
]

const taken: ReadonlyArray<readonly [given: string, kept: string]> = [
  ["https://hooks.example.com/waybill", "https://hooks.example.com/waybill"],
  ["https://HOOKS.example.com", "https://hooks.example.com/"],
  ["https://hooks.example.com:443/x", "https://hooks.example.com/x"],
  ["https://hooks.example.com:8443/x?token=1#part", "https://hooks.example.com:8443/x?token=1"],
  ["https://8.8.8.8/x", "https://8.8.8.8/x"],
  ["https://[2606:4700::1111]/x", "https://[2606:4700::1111]/x"],
  ["https://bücher.example.com/", "https://xn--bcher-kva.example.com/"],
  ["https://local.example.com/", "https://local.example.com/"],
  ["https://internal.example.com/", "https://internal.example.com/"],
  ["https://hooks.example.com/@10.0.0.1/", "https://hooks.example.com/@10.0.0.1/"],
]

describe("a webhook's URL in production", () => {
  test.each(refusedInProduction)("is refused: %s", (url) => {
    expect(parseTarget(url, false)).toMatchObject({ ok: false, error: expect.stringMatching(/^Must/) })
  })

  test.each(taken)("is taken: %s", (given, kept) => {
    expect(parseTarget(given, false)).toEqual({ ok: true, value: kept })
  })

  test("is no longer than it may be, also once it is written in full", () => {
    expect(parseTarget(`https://hooks.example.com/${"x".repeat(2_000)}`, false).ok).toBe(false)
    expect(parseTarget(`https://hooks.example.com/${"ü".repeat(1_000)}`, false).ok).toBe(false)
  })

  test("is asked for through the API too, whatever the sender's role, and nothing is kept of a refused one", async () => {
    const call = deployed({ ENVIRONMENT: "production", WEBHOOK_PRIVATE_TARGETS: "false" })
    const { token } = await signUp()
    const authorization = { authorization: `Bearer ${token}` }
    for (const url of ["https://127.0.0.1/", "http://hooks.example.com/", "https://[::ffff:7f00:1]/", "https://2130706433/"]) {
      const answer = await call("http://api.waybill.test/api/v1/webhooks", json({ url, event_types: ["*"] }, authorization))
      expect([url, answer.status]).toEqual([url, 422])
      expect(await answer.json()).toMatchObject({ code: "VALIDATION_FAILED", errors: [{ pointer: "/url", code: "TARGET_REFUSED" }] })
    }
    const fine = await call(
      "http://api.waybill.test/api/v1/webhooks",
      json({ url: "https://hooks.example.com/", event_types: ["*"] }, authorization),
    )
    const { id } = (await fine.json()) as { id: string }
    const moved = await call(`http://api.waybill.test/api/v1/webhooks/${id}`, {
      ...json({ url: "https://10.0.0.1/" }, authorization),
      method: "PATCH",
    })
    expect(moved.status).toBe(422)
    const listed = await call("http://api.waybill.test/api/v1/webhooks", { headers: authorization })
    expect(((await listed.json()) as { data: Array<{ url: string }> }).data.map(({ url }) => url)).toEqual(["https://hooks.example.com/"])
  })
})

describe("where private targets are allowed", () => {
  test.each(["http://127.0.0.1:9000/x", "http://localhost:3000/", "https://10.0.0.1/"])("%s is taken", (url) => {
    expect(parseTarget(url, true).ok).toBe(true)
  })

  test.each(["ftp://127.0.0.1/", "http://user:password@127.0.0.1/", "file:///etc/passwd", "nothing"])("%s is not", (url) => {
    expect(parseTarget(url, true).ok).toBe(false)
  })
})

test("an address is public only if it is routed on the internet", () => {
  for (const address of ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"]) {
    expect(isPublicAddress(address), address).toBe(true)
  }
})
