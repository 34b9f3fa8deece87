import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { expect, test } from "vitest"
import type { QueueMessage } from "../../src/platform/env.ts"
import { consume } from "../../src/platform/events/consume.ts"

const deliver = async (bodies: readonly unknown[]) => {
  const messages = bodies.map((body, index) => ({ id: `m${index}`, timestamp: new Date(0), attempts: 1, body: body as QueueMessage }))
  const batch = createMessageBatch<QueueMessage>("waybill-events", messages)
  await consume(batch, env, { subscribers: [], mails: async () => undefined, delivery: async () => undefined })
  return getQueueResult(batch, createExecutionContext())
}

test("probes and events are acknowledged one by one", async () => {
  const result = await deliver([
    { kind: "probe", at: 1 },
    { kind: "events", org_id: "org_01jd8x2y3zf4g5h6j7k8m9n0pq", after_seq: 1 },
  ])
  expect(result.explicitAcks).toEqual(["m0", "m1"])
  expect(result.retryMessages).toEqual([])
})

test("INV-EVT-1: what is not recognised is tried again later, and never with the rest of its batch", async () => {
  const result = await deliver([{ kind: "from the future" }, { kind: "probe", at: 1 }, null, "text", 17])
  expect(result.explicitAcks).toEqual(["m1"])
  expect(result.retryMessages).toEqual(["m0", "m2", "m3", "m4"].map((msgId) => expect.objectContaining({ msgId })))
  expect(result.ackAll).toBe(false)
  expect(result.retryBatch.retry).toBe(false)
})
