import { RefusalError } from "../../kernel/result.ts"
import { invalidAt } from "./input.ts"

const empty = new Uint8Array(0)

/** A sender that goes away in the midst of its body is no failure of ours. */
export const brokeOff = (): RefusalError => invalidAt("", "The body broke off.", "INCOMPLETE")

/** The body's bytes, read no further than the limit. @throws RefusalError PAYLOAD_TOO_LARGE, or VALIDATION_FAILED for one that breaks off. */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array> {
  const tooLarge = () => new RefusalError({ code: "PAYLOAD_TOO_LARGE", detail: `At most ${bytesMax} bytes.` })
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) throw tooLarge()
  if (request.body === null) return empty
  const chunks: Uint8Array[] = []
  let size = 0
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader()
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw brokeOff()
    })
    if (done) break
    size += value.byteLength
    if (size > bytesMax) {
      await reader.cancel()
      throw tooLarge()
    }
    chunks.push(value)
  }
  if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0]
  const whole = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.byteLength
  }
  return whole
}

const formType = "application/x-www-form-urlencoded"

/** curl's `-d` says it sends a form whatever it sends, and the customer's own commands rely on that being read as JSON. */
const isJsonObject = (bytes: Uint8Array): boolean => /^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)))

/**
 * The body as data. JSON unless the operation also takes a form; a body without a content type is read as JSON,
 * and so is one that calls itself a form and is a JSON object.
 * @throws RefusalError MALFORMED_JSON or UNSUPPORTED_MEDIA_TYPE.
 */
export function parseBody(bytes: Uint8Array, contentType: string | null, allowsForm: boolean): unknown {
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? ""
  const isForm = type === formType && !isJsonObject(bytes)
  if (isForm && allowsForm) return Object.fromEntries(new URLSearchParams(decode(bytes)))
  if (isForm || (type !== "" && type !== formType && type !== "application/json" && !/^application\/[\w.+-]+\+json$/.test(type))) {
    throw new RefusalError({ code: "UNSUPPORTED_MEDIA_TYPE", detail: `Send application/json, not ${JSON.stringify(type.slice(0, 100))}.` })
  }
  if (bytes.byteLength === 0) return undefined
  try {
    return JSON.parse(decode(bytes))
  } catch {
    throw new RefusalError({ code: "MALFORMED_JSON", detail: "The body does not parse as JSON in UTF-8." })
  }
}

const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    throw new RefusalError({ code: "MALFORMED_JSON", detail: "The body is not UTF-8." })
  }
}
