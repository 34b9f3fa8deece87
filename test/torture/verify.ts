import type { Books } from "./books.ts"
import { componentsStandOnce } from "./checks/bundles.ts"
import { type Check, Violation } from "./checks/check.ts"
import { stockIsWorthItsCosts } from "./checks/costs.ts"
import { deliveriesAreBilled } from "./checks/deliveries.ts"
import { filesAreWhole, objectsAndRowsAgree, uploadsStandOnce } from "./checks/files.ts"
import { importedRowsStandOnce, importsEndOnce } from "./checks/imports.ts"
import { linksMoveByTheirMachine, linksStandOnce, ordersNeedALink } from "./checks/links.ts"
import { lotsMoveByTheirMachine } from "./checks/lots.ts"
import { lowStockIsTold } from "./checks/low-stock.ts"
import { attachmentsArrived, conversationsReadAlike, messagesStandOnce, socketsHeardAll } from "./checks/messages.ts"
import { statedMovementsStandOnce, transfersArriveOnce } from "./checks/movements.ts"
import { movesStandOnce, numbersWithoutGaps, ordersStandOnce } from "./checks/orders.ts"
import { closedOrganizationsRest, platformRowsStandOnce } from "./checks/organizations.ts"
import { changesOfPeopleStandOnce, disabledPeopleAreOut, peopleStandOnce } from "./checks/people.ts"
import { editsBuildOnWhatWasRead, productsStandOnce } from "./checks/products.ts"
import { factsArrived, outboxesAreEmpty, projectionIsLedger, rowsStandWithTheirParties } from "./checks/projection.ts"
import { recallsReachEveryBuyer } from "./checks/recalls.ts"
import { reservationsAreLive } from "./checks/reservations.ts"
import { nobodyWaitedForTheSlow, socketsHeardOnce } from "./checks/slow.ts"
import { levelsAreSums, minimumsAreWatched, movementsHaveCauses, ordersMoveTheirGoods } from "./checks/stock.ts"
import { ordersArePricedByTheirTerms, termsStandOnce } from "./checks/terms.ts"
import { eventsAreDispatched, mailsGoOnce, notificationsStandOnce } from "./checks/told.ts"
import { auditsStandOnce, eventsStandOnce } from "./checks/trail.ts"
import { unitsFollowTheirHistory, unitsStandOnce } from "./checks/units.ts"
import { goneWebhooksRest, refusedEventsAreLetters, webhooksToldAll } from "./checks/webhooks.ts"
import type { Journal } from "./journal.ts"

export type Guarantee = { readonly name: string; readonly checked: number }
export type Verdict = { readonly held: readonly Guarantee[]; readonly violation: string | undefined }

/** Holds the books against what the clients were told; stops at the first promise that is broken. */
export function verify(books: Books, journal: Journal): Verdict {
  const held: Guarantee[] = []
  for (const { name, run } of checks) {
    try {
      held.push({ name, checked: run(books, journal) })
    } catch (error) {
      if (error instanceof Violation) return { held, violation: `${name}: ${error.message}` }
      throw error
    }
  }
  return { held, violation: undefined }
}

const checks: ReadonlyArray<{ readonly name: string; readonly run: Check }> = [
  { name: "every acknowledged order stands once, on both sides; none that was refused or half done", run: ordersStandOnce },
  { name: "every acknowledged change of an order stands once in its history, and each change was asked for", run: movesStandOnce },
  { name: "every acknowledged word on a link's terms stood once, and the last stands", run: termsStandOnce },
  {
    name: "every line is at the price of the moment it was ordered at, by its buyer's terms of just then",
    run: ordersArePricedByTheirTerms,
  },
  { name: "what was delivered is billed as INV-ORD-8 says, and orders come to the sum of their lines", run: deliveriesAreBilled },
  { name: "order numbers are without gaps", run: numbersWithoutGaps },
  { name: "every acknowledged product and change of one stands once", run: productsStandOnce },
  { name: "every acknowledged import ran to its end, once", run: importsEndOnce },
  { name: "of imports each good row stands once, each other in the file of failed rows", run: importedRowsStandOnce },
  { name: "of edits with an ETag one builds upon each version, and none is refused but for a newer one", run: editsBuildOnWhatWasRead },
  { name: "every acknowledged link and change of one stands once", run: linksStandOnce },
  { name: "one link a pair, moved by its machine however often it ended", run: linksMoveByTheirMachine },
  { name: "no order was placed while its link was not approved", run: ordersNeedALink },
  { name: "every acknowledged user and invitation stands once", run: peopleStandOnce },
  { name: "every change of a user builds upon the one before, and was asked for", run: changesOfPeopleStandOnce },
  { name: "no token or session was taken that had been revoked; who is disabled has none open", run: disabledPeopleAreOut },
  { name: "every acknowledged change in D1 alone (API keys, organizations) stands once", run: platformRowsStandOnce },
  { name: "an organization that is deactivated changes nothing, and is told so", run: closedOrganizationsRest },
  { name: "each change has exactly one audit row, ids unique", run: auditsStandOnce },
  { name: "each change of state has exactly one event a side, ids unique", run: eventsStandOnce },
  { name: "of a recalled lot nothing more is sold, and who has some of it was told so, once", run: recallsReachEveryBuyer },
  { name: "every acknowledged unit stands once, serials unique", run: unitsStandOnce },
  { name: "a unit is where its history led, and so is its stock", run: unitsFollowTheirHistory },
  { name: "every acknowledged movement stands once, batches as they were asked for", run: statedMovementsStandOnce },
  { name: "what was sent is on its way until it has arrived, once", run: transfersArriveOnce },
  { name: "each movement has its cause, and each cause its movements", run: movementsHaveCauses },
  { name: "kits are made of what was asked for, each component once until it was taken out", run: componentsStandOnce },
  {
    name: "orders took what they are about, kits what they were made of just then, and cancelled ones brought it back to where it was",
    run: ordersMoveTheirGoods,
  },
  { name: "lots came in and were held, released and recalled as acknowledged, by their machine", run: lotsMoveByTheirMachine },
  { name: "what is reserved is promised to a unit or an order that says so", run: reservationsAreLive },
  {
    name: "of each product, place and lot: level = sum of movements, 0 <= reserved <= on hand; kits as their components",
    run: levelsAreSums,
  },
  { name: "whether stock is under its minimum is known as it is", run: minimumsAreWatched },
  { name: "each fall of stock under its minimum was told once, as it was", run: lowStockIsTold },
  { name: "stock is worth its moving average cost, by all that came in", run: stockIsWorthItsCosts },
  { name: "both sides read a conversation alike, in one order without gaps", run: conversationsReadAlike },
  { name: "every acknowledged message stands once, where it was said to stand", run: messagesStandOnce },
  { name: "what sockets brought, resumes included, is the conversation from its first message to its last", run: socketsHeardAll },
  { name: "each socket brought each message once and in order, from their resume on without a gap", run: socketsHeardOnce },
  { name: "nobody waited for those whose wires stood still", run: nobodyWaitedForTheSlow },
  { name: "every acknowledged upload and complaint stands once; what was cut off does not", run: uploadsStandOnce },
  { name: "files have the bytes that were sent", run: filesAreWhole },
  { name: "files are attached to what was acknowledged with them, for both sides", run: attachmentsArrived },
  { name: "objects of the bucket and rows of files are the same, and usage is their sum", run: objectsAndRowsAgree },
  { name: "every event is handed out, and nothing waits", run: eventsAreDispatched },
  { name: "each event is told to a person once, and to the owners all of a type or none", run: notificationsStandOnce },
  { name: "each mail about an event goes once", run: mailsGoOnce },
  { name: "webhooks got every event they ask for, signed, and nothing of others", run: webhooksToldAll },
  { name: "a webhook that answered 410 is disabled and gets nothing more", run: goneWebhooksRest },
  { name: "what a subscriber failed at for good became a dead letter, once, and was replayed", run: refusedEventsAreLetters },
  { name: "projection = ledger, row by row", run: projectionIsLedger },
  { name: "ledgers know their organization as D1 does", run: factsArrived },
  { name: "no outbox holds a row", run: outboxesAreEmpty },
  { name: "rows of two parties stand with these two alone", run: rowsStandWithTheirParties },
]

export const checkNames: readonly string[] = checks.map(({ name }) => name)
