import type { Api } from "../lib/api.ts"
import type { Checks } from "./checks.ts"
import type { Stage } from "./stage.ts"

/** A part of a story that can be read by itself: what happens, checked as it happens. */
export type Chapter<S extends Stage> = { readonly title: string; readonly tell: (story: S) => Promise<void> }

/** Tells the whole of it. What it verified, in words. @throws CheckFailed at the first thing that is not as told. */
export type Story = (api: Api, checks: Checks) => Promise<string>

/** Chapters in the order they happen, each on what those before it left on the stage. */
export const storyOf =
  <S extends Stage>(open: new (api: Api, checks: Checks) => S, chapters: ReadonlyArray<Chapter<S>>, verified: string): Story =>
  async (api, checks) => {
    const stage = new open(api, checks)
    try {
      for (const { title, tell } of chapters) {
        checks.chapter(title)
        await tell(stage)
      }
    } finally {
      await stage.close()
    }
    return verified
  }
