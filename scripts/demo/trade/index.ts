import { type Chapter, storyOf } from "../story.ts"
import { aKitIsSold } from "./a-kit-is-sold.ts"
import { aSalesRepJoins } from "./a-sales-rep-joins.ts"
import { anOrderIsAccepted } from "./an-order-is-accepted.ts"
import { anOrderIsAmended } from "./an-order-is-amended.ts"
import { anOrderIsCancelled } from "./an-order-is-cancelled.ts"
import { goodsAreListed } from "./goods-are-listed.ts"
import { peopleSignUp } from "./people-sign-up.ts"
import { pricesChange } from "./prices-change.ts"
import { sessionsAreGuarded } from "./sessions-are-guarded.ts"
import { stockRunsShort } from "./stock-runs-short.ts"
import { strangersSeeNothing } from "./strangers-see-nothing.ts"
import { theLogTells } from "./the-log-tells.ts"
import { theyLink } from "./they-link.ts"
import { Trade } from "./trade.ts"

const chapters: ReadonlyArray<Chapter<Trade>> = [
  peopleSignUp,
  theyLink,
  goodsAreListed,
  anOrderIsAccepted,
  anOrderIsCancelled,
  anOrderIsAmended,
  aKitIsSold,
  stockRunsShort,
  pricesChange,
  strangersSeeNothing,
  aSalesRepJoins,
  theLogTells,
  sessionsAreGuarded,
]

/** Two strangers sign up, link, trade, change their minds, and a third sees nothing of it. */
export const trade = storyOf(
  Trade,
  chapters,
  "sign-up, links, catalog and search, minimums, prices kept, stock out and back, amended orders, catch weight, kits, packs, retries, stale edits, tenancy, roles, invitations, the audit log, refresh rotation",
)
