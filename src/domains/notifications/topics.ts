import type { ToldTopic } from "./topic.ts"
import { topicsOfHouse } from "./topics-of-house.ts"
import { topicsOfStock } from "./topics-of-stock.ts"
import { topicsOfTrade } from "./topics-of-trade.ts"

/**
 * Every event type there is, each with its line: who is told by default and by which channels, which channels can be
 * chosen at all, and the words. A type without a line fails a test, and is told to nobody.
 */
export const topics: Readonly<Record<string, ToldTopic>> = { ...topicsOfTrade, ...topicsOfStock, ...topicsOfHouse }

export const topicOf = (type: string): ToldTopic | undefined => (Object.hasOwn(topics, type) ? topics[type] : undefined)
