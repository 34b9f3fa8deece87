import { imageDimensionsFromData } from "image-dimensions"
import { limits } from "../../kernel/limits.ts"

/** The types that files may have here. Nothing that a browser would run is among them: no SVG, no HTML, no archive. */
const contentTypes = ["image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf", "text/csv", "text/plain"] as const
export type ContentType = (typeof contentTypes)[number]

export type Sniffed = { readonly contentType: ContentType; readonly width: number | null; readonly height: number | null }

const imageTypes: Readonly<Record<string, ContentType>> = { png: "image/png", jpeg: "image/jpeg", webp: "image/webp", gif: "image/gif" }

const startsWith = (head: Uint8Array, signature: readonly number[]): boolean => signature.every((byte, at) => head[at] === byte)

const jpegSignature = [0xff, 0xd8, 0xff]
const pdfSignature = [0x25, 0x50, 0x44, 0x46, 0x2d]
/** What the shortest header of an image says its size within; a JPEG's may stand behind a camera's own notes. */
const shortHeadBytes = 64

/**
 * The type of a file by how it begins, and an image's size as its header states it: nothing is decoded. 'MORE' asks for
 * more of it; undefined is none of the types. Text comes out as text/plain, whatever is written in it.
 */
export function sniff(head: Uint8Array, isWhole: boolean): Sniffed | "MORE" | undefined {
  if (head.byteLength < shortHeadBytes && !isWhole) return "MORE"
  if (startsWith(head, pdfSignature)) return { contentType: "application/pdf", width: null, height: null }
  const image = imageDimensionsFromData(head)
  const contentType = imageTypes[image?.type ?? ""]
  if (image !== undefined && contentType !== undefined) return { contentType, width: image.width, height: image.height }
  if (startsWith(head, jpegSignature)) return isWhole || head.byteLength >= limits.fileHeadBytesMax ? undefined : "MORE"
  return isText(head, isWhole) ? { contentType: "text/plain", width: null, height: null } : undefined
}

/** Markup would be a page if anything ever took it for one. */
function isText(head: Uint8Array, isWhole: boolean): boolean {
  try {
    const check = textChecker()
    const text = check(head, isWhole)
    return !/^\s*</.test(text)
  } catch {
    return false
  }
}

/** Reads text piece by piece. The checker throws at the first byte that is no UTF-8 or a control character that text does not hold. */
export function textChecker(): (chunk: Uint8Array, isLast: boolean) => string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false })
  return (chunk, isLast) => {
    const text = decoder.decode(chunk, { stream: !isLast })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
    if (/[\u0000-\u0008\u000e-\u001f\u007f]/.test(text)) throw new Error("not text")
    return text
  }
}

/** INV-FIL-5: whether decoding the image stays within bounds, by its header's word. */
export const isDecodable = (width: number, height: number): boolean =>
  width > 0 &&
  height > 0 &&
  width <= limits.imageSidePixelsMax &&
  height <= limits.imageSidePixelsMax &&
  width * height <= limits.imagePixelsMax
