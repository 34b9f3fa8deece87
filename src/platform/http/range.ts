type ByteRange = { readonly offset: number; readonly length: number }

/**
 * The bytes that a Range header asks for (RFC 9110, section 14): one range, within the size. Several at once, another unit or
 * what is no range at all is answered with the whole, as the section allows.
 */
export function rangeOf(header: string | null, size: number): ByteRange | "UNSATISFIABLE" | undefined {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "") ?? []
  if (first === "" && last === "") return undefined
  if (first === "") {
    const length = Math.min(Number(last), size)
    return length === 0 ? "UNSATISFIABLE" : { offset: size - length, length }
  }
  const offset = Number(first)
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== "" && Number(last) < offset) return undefined
  return offset >= size ? "UNSATISFIABLE" : { offset, length: end - offset + 1 }
}
