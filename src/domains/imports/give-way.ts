import { limits } from "../../kernel/limits.ts"

/**
 * Leaves the thread alone for a moment. Where ledgers, D1 and the bucket answer in the same process (`npm start`), each answer
 * is there at once, and nobody's request would be read before an import comes to rest.
 */
export const giveWay = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, limits.importPauseMs))
