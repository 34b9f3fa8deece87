import { limits } from "../../kernel/limits.ts"
import { RefusalError } from "../../kernel/result.ts"
import { type Instant, second } from "../../kernel/time.ts"

/** What one upload holds in memory at most, and when it last showed that it lives. */
type Room = { readonly bytes: number; readonly seenAt: () => Instant }

/**
 * What uploads that do not say their length may hold together in an isolate, whose 128 MB a few dozen slow ones would fill
 * with a part each. Beyond that it refuses: nobody waits here for another request, which may never end once its client has
 * hung up. For the same reason, room of one that has been silent for longer than any read may take is free again.
 */
export class UploadRooms {
  readonly #taken = new Set<Room>()
  readonly #bytesMax: number
  readonly #clock: () => Instant

  constructor(bytesMax: number = limits.uploadsHeldBytesMax, clock: () => Instant = Date.now) {
    this.#bytesMax = bytesMax
    this.#clock = clock
  }

  get bytesTaken(): number {
    return [...this.#taken].reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** @throws RefusalError UNAVAILABLE when there is too little left. */
  take(bytes: number, seenAt: () => Instant): Room {
    this.#forgetTheDead()
    if (this.bytesTaken + bytes > this.#bytesMax) {
      throw new RefusalError({
        code: "UNAVAILABLE",
        detail: "Too many uploads that do not say their length are under way. Send Content-Length, or try again in a moment.",
        extra: { retryAfterSeconds: limits.uploadRetrySeconds },
      })
    }
    const room = { bytes, seenAt }
    this.#taken.add(room)
    return room
  }

  leave(room: Room): void {
    this.#taken.delete(room)
  }

  #forgetTheDead(): void {
    const now = this.#clock()
    for (const room of this.#taken) if (now - room.seenAt() > limits.uploadSilentSecondsMax * second) this.#taken.delete(room)
  }
}

export const uploadRooms = new UploadRooms()
