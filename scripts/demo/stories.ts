import { stockroom } from "./stockroom/index.ts"
import type { Story } from "./story.ts"
import { talk } from "./talk/index.ts"
import { trade } from "./trade/index.ts"

/** In the order they are told. A new story is a folder: its stage (the people and things), a file a chapter, and their list. */
export const stories: readonly Story[] = [trade, talk, stockroom]
