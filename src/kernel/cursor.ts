import { limits } from "./limits.ts"

/** A place in a list: the sort key of the last row shown. Opaque to clients, and harmless when made up: every query binds the organization itself. */
export type CursorKey = ReadonlyArray<string | number | null>

/** `kind` names the list and order the cursor belongs to, so that one list's cursor is refused by another. */
export function encodeCursor(kind: string, key: CursorKey): string {
  const bytes = new TextEncoder().encode(JSON.stringify([kind, ...key]))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "")
}

/** The key again, or undefined when the text is not a cursor of this kind with keys of these types. */
export function decodeCursor(kind: string, shape: ReadonlyArray<"string" | "number">, cursor: string): CursorKey | undefined {
  if (cursor.length > limits.cursorCharsMax || !/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined
  try {
    const bytes = Uint8Array.from(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0))
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes))
    if (!Array.isArray(value) || value.length !== shape.length + 1 || value[0] !== kind) return undefined
    const key: unknown[] = value.slice(1)
    return key.every((part, index) => typeof part === shape[index] && (typeof part !== "number" || Number.isSafeInteger(part)))
      ? (key as CursorKey)
      : undefined
  } catch {
    return undefined
  }
}
