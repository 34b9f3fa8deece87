import { limits } from "./limits.ts"

/**
 * Leaves the thread alone for a moment. Where ledgers, D1 and the bucket answer in the same process (`npm start`), each answer
 * is there at once, and nobody's request would be read before a long piece of work comes to its end.
 */
export const giveWay = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, limits.pauseMs))

/** At most so many rounds of a piece of work, with a pause for others between each two; whoever loops breaks off when nothing is left. */
export async function* inRounds(roundsMax: number): AsyncGenerator<number> {
  for (let round = 0; round < roundsMax; round += 1) {
    if (round > 0) await giveWay()
    yield round
  }
}
