import { describe, expect, test } from "vitest"
import { encodeCursor } from "../../src/kernel/cursor.ts"
import { newId, type OrderId } from "../../src/kernel/ids.ts"
import { pageById, pageByKey } from "../../src/platform/http/page.ts"

const ids = Array.from({ length: 5 }, (_, index) => newId("ord", 1_000 * (index + 1))).sort()
const list = async (cursor: string | undefined) =>
  pageById(
    "orders",
    "ord",
    { cursor, limit: 2 },
    async ({ after, rowsMax }) =>
      ids
        .filter((id) => after === undefined || id > after)
        .slice(0, rowsMax)
        .map((id) => ({ id })),
    ({ id }) => id,
  )

describe("a list by id", () => {
  test("shows every row once, page by page, and ends", async () => {
    const shown: OrderId[] = []
    let cursor: string | null = null
    do {
      const page = await list(cursor ?? undefined)
      expect(page.data.length).toBeLessThanOrEqual(2)
      shown.push(...page.data)
      cursor = page.next_cursor
    } while (cursor !== null)
    expect(shown).toEqual(ids)
  })

  test("by a key of its own does the same, part by part", async () => {
    const all = [...ids].map((id, index) => ({ id, place: Math.floor(index / 2) }))
    const shown: OrderId[] = []
    let cursor: string | null = null
    do {
      const page: { data: OrderId[]; next_cursor: string | null } = await pageByKey(
        "places",
        ["number", "string"],
        { cursor: cursor ?? undefined, limit: 3 },
        async ({ after: [place, id] = [-1, ""], rowsMax }) =>
          all.filter((row) => row.place > place || (row.place === place && row.id > id)).slice(0, rowsMax),
        (row) => [row.place, row.id],
        (row) => row.id,
      )
      shown.push(...page.data)
      cursor = page.next_cursor
    } while (cursor !== null)
    expect(shown).toEqual(ids)
  })

  test("goes on from where a bounded scan stopped, though its page is short", async () => {
    const [first = "ord_none", second = "ord_none"] = ids
    const page = await pageById(
      "orders",
      "ord",
      { limit: 2 },
      async () => ({ rows: [{ id: first }], stoppedAt: second }),
      ({ id }) => id,
    )
    expect(page.data).toEqual([first])
    expect((await list(page.next_cursor ?? undefined)).data).toEqual(ids.slice(2, 4))
  })

  test.each([
    ["of another list", encodeCursor("products", [newId("prd", 1)])],
    ["with another kind of id", encodeCursor("orders", [newId("prd", 1)])],
    ["with no id at all", encodeCursor("orders", ["' or 1=1 --"])],
    ["with a number", encodeCursor("orders", [1])],
    ["that is none", "x"],
  ])("refuses a cursor %s", async (_, cursor) => {
    await expect(list(cursor)).rejects.toMatchObject({ refusal: { code: "VALIDATION_FAILED" } })
  })
})
