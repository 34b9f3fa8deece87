import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { cellsOf, csvRecords } from "../../src/platform/files/csv-records.ts"
import { csvLines } from "../../src/platform/http/csv.ts"

async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

async function read(text: string | Uint8Array, { pieceBytes = 7, offset = 0, bytesMax = 1_000 } = {}) {
  const bytes = typeof text === "string" ? bytesOf(text) : text
  const found: Array<{ end: number; cells: readonly string[] | string }> = []
  for await (const record of csvRecords(inPieces(bytes.subarray(offset), pieceBytes), offset, bytesMax)) {
    found.push({ end: record.end, cells: cellsOf(record) })
  }
  return found
}

const cellsIn = async (...args: Parameters<typeof read>) => (await read(...args)).map(({ cells }) => cells)

describe("records of a CSV file", () => {
  test("come out as they were written, wherever the pieces are cut, and from the end of any of them on", async () => {
    // A cell that begins as a formula would is changed when it is written; an empty line is none.
    const cell = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ", "é", "😀", "x") }).filter((text) => !/^[\r]/.test(text))
    const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 9 }), async (lines, pieceBytes) => {
        const text = csvLines(lines)
        const found = await read(text, { pieceBytes })
        expect(found.map(({ cells }) => cells)).toEqual(lines)
        for (const [index, { end }] of found.entries()) {
          expect(await cellsIn(text, { pieceBytes, offset: end })).toEqual(lines.slice(index + 1))
        }
      }),
      { numRuns: 200 },
    )
  })

  test.each([
    ["CRLF", "a,b\r\nc,d\r\n"],
    ["LF", "a,b\nc,d"],
    ["CR", "a,b\rc,d\r"],
    ["a byte order mark and empty lines", "\u{feff}a,b\r\n\r\n\nc,d\n\n"],
  ])("end with %s", async (_, text) => {
    for (const pieceBytes of [1, 2, 3, 100])
      expect(await cellsIn(text, { pieceBytes })).toEqual([
        ["a", "b"],
        ["c", "d"],
      ])
  })

  test("say what is wrong with one, and go on behind it", async () => {
    expect(await cellsIn('a,b"c\n"d"e,f\ng,h\n')).toEqual(["STRAY_QUOTE", "STRAY_QUOTE", ["g", "h"]])
    expect(await cellsIn('a,b\nc,"d\ne,f\n')).toEqual([["a", "b"], "UNCLOSED_QUOTE"])
    expect(await cellsIn(`a\n${"x".repeat(51)}\nb\n`, { bytesMax: 50 })).toEqual([["a"], "TOO_LONG", ["b"]])
    expect(await cellsIn(new Uint8Array([0x61, 0x0a, 0xff, 0x0a, 0x62]))).toEqual([["a"], "NOT_UTF8", ["b"]])
    expect(await cellsIn('a,""\n"",b\n')).toEqual([
      ["a", ""],
      ["", "b"],
    ])
  })
})
