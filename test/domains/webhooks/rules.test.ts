import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { payloadOf } from "../../../src/domains/webhooks/payload.ts"
import {
  afterFailure,
  attemptsPerSeries,
  deliveryFlow,
  endpointFlow,
  errorOfStatus,
  isGivenUp,
  outgoingSecrets,
  retryDelayMs,
  validSecrets,
  wants,
} from "../../../src/domains/webhooks/rules.ts"
import { day, hour, second } from "../../../src/kernel/time.ts"
import { expectSound } from "../../support/flows.ts"

test("endpoints and deliveries move by tables without dead ends", () => {
  expectSound(endpointFlow, "ACTIVE", [])
  expectSound(deliveryFlow, "PENDING", [])
})

test("a series waits longer each time, three days and some in all, and then ends", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 10, maxLength: 10 }), (chances) => {
      const waits = chances.map((random, index) => retryDelayMs(index + 1, random))
      expect(waits.at(-1)).toBeUndefined()
      const known = waits.slice(0, -1) as number[]
      expect(known).toHaveLength(attemptsPerSeries - 1)
      expect(known.every((wait) => wait >= 5 * second)).toBe(true)
      const total = known.reduce((sum, wait) => sum + wait, 0)
      expect(total).toBeGreaterThan(3 * day)
      expect(total).toBeLessThan(4 * day)
    }),
  )
})

test("INV-WHK-6: a pause comes after five failures, doubles, and is never longer than an hour", () => {
  let health = { failures: 0, failingSince: null as number | null, pausedUntil: null as number | null }
  const pauses: number[] = []
  for (let count = 0; count < 40; count += 1) {
    health = afterFailure(health, 1_000)
    pauses.push(health.pausedUntil === null ? 0 : health.pausedUntil - 1_000)
  }
  expect(pauses.slice(0, 7)).toEqual([0, 0, 0, 0, 10 * second, 20 * second, 40 * second])
  expect(Math.max(...pauses)).toBe(hour)
  expect(health.failingSince).toBe(1_000)
  expect(isGivenUp(health, 1_000 + 5 * day - 1)).toBe(false)
  expect(isGivenUp(health, 1_000 + 5 * day)).toBe(true)
})

test("INV-WHK-3: wanting an event takes both its type and its permission", () => {
  const event = { type: "order.placed", permission: "orders.order.read" }
  expect(wants({ eventTypes: ["*"], permissions: ["orders.order.read"] }, event)).toBe(true)
  expect(wants({ eventTypes: ["order.placed"], permissions: ["orders.order.read"] }, event)).toBe(true)
  expect(wants({ eventTypes: ["order.accepted"], permissions: ["orders.order.read"] }, event)).toBe(false)
  expect(wants({ eventTypes: ["*"], permissions: ["identity.user.read"] }, event)).toBe(false)
})

test("INV-WHK-4: a rotation gives the newest secret a day and leaves the older ones theirs", () => {
  const secrets = [
    { name: "new", expiresAt: null },
    { name: "old", expiresAt: 2 * hour },
    { name: "gone", expiresAt: hour },
  ]
  expect(outgoingSecrets(secrets, hour)).toEqual([
    { name: "new", expiresAt: 25 * hour },
    { name: "old", expiresAt: 2 * hour },
  ])
  expect(validSecrets(secrets, 2 * hour).map(({ name }) => name)).toEqual(["new"])
})

test("only 2xx is a success", () => {
  for (const status of [200, 201, 202, 204, 299]) expect(errorOfStatus(status)).toBeNull()
  for (const status of [300, 301, 302, 304, 307, 308, 399]) expect(errorOfStatus(status)).toBe("REDIRECT")
  for (const status of [100, 199, 400, 410, 429, 500, 599]) expect(errorOfStatus(status)).toBe("STATUS")
})

describe("INV-WHK-8: a payload", () => {
  const event = { id: "evt_01jd8x2y3zf4g5h6j7k8m9n0pq", type: "order.placed", at: 0 }

  test("is under 20 kB whatever the data", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.jsonValue())), fc.nat(40_000), (data, extra) => {
        const body = payloadOf({ ...event, data: { ...data, filler: "é".repeat(extra) } }, "https://api.example")
        expect(new TextEncoder().encode(body).byteLength).toBeLessThan(20_000)
        expect(Object.keys(JSON.parse(body))).toEqual(["type", "timestamp", "data"])
      }),
    )
  })

  test("that is too large keeps its ids, a few of many, and only them", () => {
    const ids = Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`line_${index}_id`, "oln_01jd8x2y3zf4g5h6j7k8m9n0pq"]))
    const { data } = JSON.parse(payloadOf({ ...event, data: { ...ids, secret: "x" } }, "https://api.example"))
    expect(Object.keys(data)).toHaveLength(23)
    expect(data).toMatchObject({ event_id: event.id, is_truncated: true, url: `https://api.example/api/v1/events/${event.id}` })
    expect(data.secret).toBeUndefined()
  })
})
