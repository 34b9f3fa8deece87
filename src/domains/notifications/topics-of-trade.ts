import { type Phrase, phrase } from "../../platform/mail/phrase.ts"
import type { Facts } from "./facts.ts"
import type { Concern } from "./rules.ts"
import { type About, both, buyer, concern, inApp, owners, quoted, supplier, type ToldTopic } from "./topic.ts"

const partner = (facts: Facts): string => facts.text("counterparty_name") ?? "your partner"
const isSupplier = (facts: Facts): boolean => facts.text("side") === "supplier"

const orderAbout: About = { kind: "order", prefix: "ord", member: "order_id", path: "/orders/" }

const orderLines = (facts: Facts): Phrase[] => {
  const [total, currency] = [facts.text("total_amount"), facts.text("currency")]
  const name = facts.of("by").text("name")
  const offered = facts.text("proposed_total_amount")
  const answerBy = facts.instant("answer_by")
  return [
    ...(total === undefined ? [] : [phrase`Total: ${total} ${currency ?? ""}`]),
    ...(offered === undefined ? [] : [phrase`With what is offered instead: ${offered} ${currency ?? ""}`]),
    ...(answerBy === undefined ? [] : [phrase`To be answered by: ${answerBy}`]),
    ...(name === undefined ? [] : [phrase`By: ${name}`]),
    ...quoted("Reason", facts.text("reason")),
  ]
}

type Ordered = { readonly description: string; readonly done: string; readonly concerns: readonly Concern[] }

const orderTopic = ({ description, done, concerns }: Ordered): ToldTopic => ({
  description,
  concerns,
  offers: both,
  about: orderAbout,
  say: (facts) => ({
    title: phrase`Order ${facts.text("number") ?? ""} ${isSupplier(facts) ? "from" : "at"} ${partner(facts)} ${done}`,
    lines: orderLines(facts),
  }),
})

const linkAbout: About = { kind: "link", prefix: "lnk", member: "link_id", path: "/links/" }

/** The buyer waits for a decision; the supplier's people hear of each other's. */
const linkDecided = [concern("partners.link.request", both, buyer), concern("partners.link.decide", inApp, supplier)]

const linkTopic = (description: string, concerns: readonly Concern[], title: (facts: Facts) => Phrase): ToldTopic => ({
  description,
  concerns,
  offers: both,
  about: linkAbout,
  say: (facts) => ({ title: title(facts), lines: quoted("Reason", facts.text("reason")) }),
})

const complaintAbout: About = { kind: "complaint", prefix: "cmp", member: "complaint_id", path: "/complaints/" }

const complaintLines = (facts: Facts): Phrase[] => {
  const due = facts.instant("due_at")
  return [
    ...quoted("Complaint", facts.text("title")),
    ...quoted("Order", facts.text("order_number", "number")),
    ...quoted("By", facts.text("actor_name") ?? facts.of("by").text("name")),
    ...quoted("Level", facts.text("level")),
    ...(due === undefined ? [] : [phrase`Due: ${due}`]),
    ...quoted("Reason", facts.text("reason")),
    ...quoted("Resolution", facts.of("resolution").text("text") ?? facts.text("resolution")),
  ]
}

type Complained = { readonly description: string; readonly done: string; readonly concerns: readonly Concern[]; readonly alone?: true }

const complaintTopic = ({ description, done, concerns, alone }: Complained): ToldTopic => ({
  description,
  concerns,
  offers: both,
  ...(alone === undefined ? {} : { isAssigneesAlone: alone }),
  about: complaintAbout,
  say: (facts) => {
    const number = facts.text("order_number", "number")
    return {
      title: number === undefined ? phrase`A complaint ${done}` : phrase`The complaint about order ${number} ${done}`,
      lines: complaintLines(facts),
    }
  },
})

/** Orders, links and complaints. */
export const topicsOfTrade: Readonly<Record<string, ToldTopic>> = {
  "order.placed": orderTopic({
    description: "An order was placed.",
    done: "was placed",
    concerns: [concern("orders.sale.accept", both, supplier), concern("orders.purchase.place", inApp, buyer)],
  }),
  "order.accepted": orderTopic({
    description: "An order was accepted.",
    done: "was accepted",
    concerns: [concern("orders.purchase.place", both, buyer), concern("orders.sale.deliver", inApp, supplier)],
  }),
  "order.amended": orderTopic({
    description: "A supplier offers less or other goods than were ordered, and waits for the buyer's word.",
    done: "can be had in part: other or less goods are offered",
    concerns: [concern("orders.purchase.place", both, buyer), concern("orders.sale.accept", inApp, supplier)],
  }),
  "order.rejected": orderTopic({
    description: "An order was rejected.",
    done: "was rejected",
    concerns: [concern("orders.purchase.place", both, buyer), concern("orders.sale.accept", inApp, supplier)],
  }),
  "order.in_delivery": orderTopic({
    description: "An order went out for delivery.",
    done: "is on its way",
    concerns: [concern("orders.purchase.receive", both, buyer), concern("orders.sale.complete", inApp, supplier)],
  }),
  "order.delivery_failed": orderTopic({
    description: "An order could not be delivered.",
    done: "could not be delivered",
    concerns: [concern("orders.purchase.receive", both, buyer), concern("orders.sale.accept", both, supplier)],
  }),
  "order.completed": orderTopic({
    description: "An order was completed.",
    done: "is completed",
    concerns: [concern("orders.purchase.place", both, buyer), concern("orders.sale.accept", both, supplier)],
  }),
  "order.cancelled": orderTopic({
    description: "An order was cancelled.",
    done: "was cancelled",
    concerns: [
      concern("orders.purchase.place", both, buyer),
      concern("orders.sale.accept", both, supplier),
      concern("orders.sale.deliver", inApp, supplier),
    ],
  }),

  "link.requested": linkTopic(
    "A buyer asked for a link.",
    [concern("partners.link.decide", both, supplier), concern("partners.link.request", inApp, buyer)],
    (facts) => (isSupplier(facts) ? phrase`${partner(facts)} asks for a link` : phrase`A link with ${partner(facts)} was asked for`),
  ),
  "link.approved": linkTopic("A link was approved.", linkDecided, (facts) => phrase`The link with ${partner(facts)} was approved`),
  "link.rejected": linkTopic("A link was rejected.", linkDecided, (facts) => phrase`The link with ${partner(facts)} was rejected`),
  "link.blocked": linkTopic("A link was blocked.", linkDecided, (facts) => phrase`The link with ${partner(facts)} was blocked`),
  "link.terms_changed": linkTopic(
    "A supplier changed a buyer's prices or terms.",
    [concern("partners.link.request", inApp, buyer), concern("partners.terms.set", inApp, supplier)],
    (facts) =>
      isSupplier(facts) ? phrase`The terms of ${partner(facts)} were changed` : phrase`${partner(facts)} changed its terms for you`,
  ),
  "link.removed": linkTopic(
    "A link was ended.",
    [concern("partners.link.request", both, buyer), concern("partners.link.decide", both, supplier)],
    (facts) => phrase`The link with ${partner(facts)} was ended`,
  ),

  "complaint.opened": complaintTopic({
    description: "A complaint about an order was opened.",
    done: "was opened",
    concerns: [concern("complaints.complaint.handle", both, supplier), concern("complaints.complaint.confirm", inApp, buyer)],
  }),
  "complaint.assigned": complaintTopic({
    description: "A complaint was assigned to you.",
    done: "was assigned to you",
    concerns: [concern("ASSIGNEE", both)],
    alone: true,
  }),
  "complaint.escalated": complaintTopic({
    description: "A complaint was escalated.",
    done: "was escalated",
    concerns: [
      concern("complaints.complaint.assign", both, { ...supplier, level: "MANAGER" }),
      concern(owners, both, { ...supplier, level: "OWNER" }),
      concern("ASSIGNEE", both),
      concern("complaints.complaint.confirm", inApp, buyer),
    ],
  }),
  "complaint.resolved": complaintTopic({
    description: "A complaint was resolved, and waits to be confirmed.",
    done: "was resolved",
    concerns: [
      concern("complaints.complaint.confirm", both, buyer),
      concern("complaints.complaint.assign", inApp, supplier),
      concern("ASSIGNEE", inApp),
    ],
  }),
  "complaint.reopened": complaintTopic({
    description: "A complaint was reopened.",
    done: "was reopened",
    concerns: [
      concern("ASSIGNEE", both),
      concern("complaints.complaint.handle", both, supplier),
      concern("complaints.complaint.confirm", inApp, buyer),
    ],
  }),
  "complaint.closed": complaintTopic({
    description: "A complaint was closed.",
    done: "was closed",
    concerns: [
      concern("ASSIGNEE", both),
      concern("complaints.complaint.assign", inApp, supplier),
      concern("complaints.complaint.confirm", both, buyer),
    ],
  }),
  "complaint.withdrawn": complaintTopic({
    description: "A complaint was withdrawn.",
    done: "was withdrawn",
    concerns: [
      concern("ASSIGNEE", both),
      concern("complaints.complaint.handle", inApp, supplier),
      concern("complaints.complaint.confirm", inApp, buyer),
    ],
  }),
}
