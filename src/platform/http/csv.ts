import { stringify } from "csv-stringify/sync"
import { describeError, log } from "../log/log.ts"

type Cell = string | number | null
type Lines = ReadonlyArray<readonly Cell[]>

/**
 * Lines of RFC 4180. Cells that a spreadsheet would take for a formula (`=`, `+`, `-`, `@`, tab or CR first) get an
 * apostrophe before them, as OWASP advises: others' words stand in these files.
 */
export const csvLines = (lines: Lines): string =>
  stringify(
    lines.map((line) => [...line]),
    // A line break of any kind ends a line for some reader, and the library itself quotes only the one it writes.
    { record_delimiter: "windows", quoted_match: /[\r\n]/, escape_formulas: true },
  )

/**
 * A CSV file as it is read: one page of lines in memory at a time, and the next one fetched when the client has taken
 * the last. A failure breaks the transfer off, so that nobody takes a part for the whole.
 */
export function csvDownload(fileName: string, header: readonly string[], pages: AsyncGenerator<Lines>): Response {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(encoder.encode(csvLines([header])))
      },
      async pull(controller) {
        try {
          for (;;) {
            const { done, value } = await pages.next()
            if (done === true) return controller.close()
            if (value.length > 0) return controller.enqueue(encoder.encode(csvLines(value)))
          }
        } catch (error) {
          log.error("a download broke off", { file: fileName, error: describeError(error) })
          throw error
        }
      },
      async cancel() {
        await pages.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, {
    headers: {
      "content-type": "text/csv; charset=utf-8; header=present",
      "content-disposition": `attachment; filename="${fileName}"`,
      "cache-control": "no-store",
    },
  })
}
