import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { decodeCursor, encodeCursor } from "../../src/kernel/cursor.ts"
import { limits } from "../../src/kernel/limits.ts"

const part = fc.oneof(fc.string({ unit: "grapheme", maxLength: 40 }), fc.maxSafeInteger())
const shapeOf = (key: ReadonlyArray<string | number>) => key.map((one) => (typeof one === "string" ? "string" : "number"))

describe("cursors", () => {
  test("a cursor reads back as the key it was made of", () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (key) => {
        const cursor = encodeCursor("list", key)
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/)
        expect(decodeCursor("list", shapeOf(key), cursor)).toEqual(key.map((one) => (Object.is(one, -0) ? 0 : one)))
      }),
    )
  })

  test("garbage is no cursor", () => {
    const isNone = (garbage: string): void => expect(decodeCursor("list", ["string"], garbage)).toBeUndefined()
    const encoded = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.jsonValue().map((value) => encoded(JSON.stringify(value))),
        ),
        (garbage) => {
          isNone(garbage)
        },
      ),
    )
  })

  test("a cursor of another list, with keys of other types, cut short or too long is none", () => {
    const cursor = encodeCursor("orders", ["ord_1"])
    expect(decodeCursor("links", ["string"], cursor)).toBeUndefined()
    expect(decodeCursor("orders", ["number"], cursor)).toBeUndefined()
    expect(decodeCursor("orders", ["string", "string"], cursor)).toBeUndefined()
    expect(decodeCursor("orders", [], cursor)).toBeUndefined()
    for (let length = 0; length < cursor.length; length += 1)
      expect(decodeCursor("orders", ["string"], cursor.slice(0, length))).toBeUndefined()
    expect(decodeCursor("orders", ["string"], encodeCursor("orders", ["x".repeat(limits.cursorCharsMax)]))).toBeUndefined()
    expect(decodeCursor("orders", ["number"], encodeCursor("orders", [1.5]))).toBeUndefined()
  })
})
