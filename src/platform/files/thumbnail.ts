import type { Bindings } from "../env.ts"

/** Widths that a thumbnail can have, in pixels: few, so that nobody fills the bucket with sizes. */
export const thumbnailWidths = [160, 320, 640, 1280] as const
export type ThumbnailWidth = (typeof thumbnailWidths)[number]

export const thumbnailType = "image/webp"
const quality = 80

const thumbnailKey = (key: string, width: ThumbnailWidth): string => `${key}/thumb-${width}`

/** All that may lie in the bucket for one file. */
export const objectKeys = (key: string): string[] => [key, ...thumbnailWidths.map((width) => thumbnailKey(key, width))]

/**
 * A small copy of an image: the bucket's, or made now by the Images binding and kept there. Undefined when there is no such
 * image. @throws the binding's Error for what cannot be decoded.
 */
export async function thumbnail(
  { FILES, IMAGES }: Pick<Bindings, "FILES" | "IMAGES">,
  key: string,
  width: ThumbnailWidth,
): Promise<ArrayBuffer | undefined> {
  const kept = await FILES.get(thumbnailKey(key, width))
  if (kept !== null) return kept.arrayBuffer()
  const original = await FILES.get(key)
  if (original === null) return undefined
  const made = await IMAGES.input(original.body)
    .transform({ width, fit: "scale-down" })
    .output({ format: thumbnailType, quality, anim: false })
  const bytes = await made.response().arrayBuffer()
  await FILES.put(thumbnailKey(key, width), bytes, { httpMetadata: { contentType: thumbnailType } })
  return bytes
}
