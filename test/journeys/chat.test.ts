import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { newId, type OrganizationId, type UserId } from "../../src/kernel/ids.ts"
import { signedIn } from "../support/app.ts"
import { connect, conversationOf, type Device, link } from "../support/chat.ts"
import { StubbornDevice } from "../support/chat-device.ts"
import { eventually, pause, quiet } from "../support/ledger.ts"
import { seed } from "../support/seed.ts"
import { api, hire, signUp } from "../support/world.ts"

quiet()

/** As a pool of numbers that the seed decides, so that a run can be walked again. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const roomOf = (conversation: string) => env.CHAT_ROOM.get(env.CHAT_ROOM.idFromName(conversation))
const inboxOf = (userId: string) => env.CHAT_INBOX.get(env.CHAT_INBOX.idFromName(userId))

describe("two organizations, three devices, five hundred messages, sockets cut at random", () => {
  test.each([
    [
      "room and inboxes are evicted in mid-run",
      async (conversation: string, users: readonly string[]) => {
        await evictDurableObject(roomOf(conversation))
        for (const user of users) await evictDurableObject(inboxOf(user))
      },
    ],
    ["all objects die in mid-run", async () => abortAllDurableObjects()],
  ] as const)(
    "INV-CHT-7: every device ends with the same messages in the same order, none twice, none lost: %s",
    async (_, disturb) => {
      const random = randomOf(seed)
      const [supplier, buyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
      const rep = await hire(supplier.token, "sales_rep")
      const conversation = conversationOf(await link(supplier, buyer))
      const devices = [
        new StubbornDevice("buyer", buyer.token, conversation),
        new StubbornDevice("owner", supplier.token, conversation),
        new StubbornDevice("rep", rep.token, conversation),
      ]
      await Promise.all(devices.map((device) => device.start()))
      const total = 500
      for (let n = 1; n <= total; n += 1) {
        devices[random(devices.length)]?.write(`${seed}-${n}`, `message ${n}`)
        if (random(12) === 0) devices[random(devices.length)]?.cut()
        if (random(8) === 0) await pause(random(30))
        if (n % 40 === 0) await Promise.all(devices.map((device) => device.tick()))
        if (n === 170 || n === 340) await disturb(conversation, [buyer.owner.id, supplier.owner.id, rep.id])
      }
      await eventually(`all have everything (seed ${seed})`, 60_000, async () => {
        await Promise.all(devices.map((device) => device.tick()))
        return devices.every((device) => device.waiting === 0 && device.reached === total)
      })
      const logs = devices.map(({ log }) => [...log].sort(([a], [b]) => a - b).map(([seq, { id, content }]) => `${seq} ${id} ${content}`))
      expect(logs[0]).toHaveLength(total)
      expect(logs[1]).toEqual(logs[0])
      expect(logs[2]).toEqual(logs[0])
      expect(new Set(devices.flatMap(({ log }) => [...log.values()].map(({ content }) => content))).size).toBe(total)
      expect(devices.flatMap(({ faults }) => faults)).toEqual([])
      const { body } = await api("GET", `/chat/conversations/${conversation}/messages?limit=1`, { token: buyer.token })
      expect(body.data[0].seq).toBe(total)
      for (const device of devices) device.stop()
    },
    120_000,
  )
})

describe("two hundred sockets of twenty people, idle in one conversation", () => {
  test("hibernate: inboxes and room leave memory, the sockets stay, and the next frame wakes them with all of them", async () => {
    const [supplier, buyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
    const conversation = conversationOf(await link(supplier, buyer))
    const people = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const userId = newId("usr", Date.now())
        const { authorization } = await signedIn({ orgId: supplier.org.id as OrganizationId, roles: ["sales_rep"], userId })
        return { userId: userId as UserId, token: authorization.slice("Bearer ".length) }
      }),
    )
    const devices: Device[] = []
    for (const { token } of people) devices.push(...(await Promise.all(Array.from({ length: 10 }, () => connect(token)))))
    const writer = await connect(buyer.token)
    writer.say({ client_id: "1", conversation_id: conversation, content: "Good morning" })
    await writer.ack("1")
    for (const device of devices) await device.hear("good morning", (frame) => frame.type === "message")

    await pause(500)
    for (const { userId } of people) await evictDurableObject(inboxOf(userId), { webSockets: "hibernate" })
    await evictDurableObject(inboxOf(buyer.owner.id), { webSockets: "hibernate" })
    await evictDurableObject(roomOf(conversation))
    expect(devices.filter(({ closed }) => closed !== undefined)).toEqual([])

    writer.say({ client_id: "2", conversation_id: conversation, content: "Still there?" })
    expect((await writer.ack("2")).seq).toBe(2)
    for (const device of devices)
      expect((await device.hear("the second", (frame) => frame.type === "message" && frame.seq === 2)).content).toBe("Still there?")
    expect(devices.every((device) => device.of("message").length === 2)).toBe(true)
    const [first] = people
    expect(await runInDurableObject(inboxOf(first?.userId ?? ""), (_, state) => state.getWebSockets().length)).toBe(10)
    for (const device of [...devices, writer]) device.hangUp()
  }, 60_000)
})
