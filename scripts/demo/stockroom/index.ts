import { type Chapter, storyOf } from "../story.ts"
import { aListIsImported } from "./a-list-is-imported.ts"
import { aLotIsRecalled } from "./a-lot-is-recalled.ts"
import { lotsComeIn } from "./lots-come-in.ts"
import { Stockroom } from "./stockroom.ts"
import { theOldestIsSoldFirst } from "./the-oldest-is-sold-first.ts"
import { twoWarehousesOpen } from "./two-warehouses-open.ts"

const chapters: ReadonlyArray<Chapter<Stockroom>> = [twoWarehousesOpen, lotsComeIn, theOldestIsSoldFirst, aLotIsRecalled, aListIsImported]

/** Lots come to two warehouses, are sold, traced and recalled; a list is imported. */
export const stockroom = storyOf(Stockroom, chapters, "warehouses, lots and transfers, first expired first out, recall, import")
