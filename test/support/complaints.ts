import { env } from "cloudflare:workers"
import { png, uploaded } from "./files.ts"
import { market } from "./market.ts"
import { type Answer, api, hire, must, type Person } from "./world.ts"

export type Shop = Awaited<ReturnType<typeof shop>>

/** A supplier with sales staff and a manager, a buyer, and an order between them. */
export async function shop() {
  const { supplier, buyer, body } = await market()
  const order = await must(201, api("POST", "/orders", { token: buyer.token, body }))
  const [rep, manager]: Person[] = [await hire(supplier.token, "sales_rep"), await hire(supplier.token, "manager")]
  if (rep === undefined || manager === undefined) throw new Error("nobody was hired")
  return { supplier, buyer, order, rep, manager, place: body }
}

export const crushed = { title: "Two crates arrived crushed", description: "The lower two crates were crushed." }

export const complain = async (at: Shop, more: Readonly<Record<string, unknown>> = {}, token = at.buyer.token): Promise<Answer["body"]> =>
  must(201, api("POST", "/complaints", { token, body: { order_id: at.order.id, ...crushed, ...more } }))

type Verb = "assign" | "escalate" | "resolve" | "confirm" | "reopen" | "withdraw"

export const credit = { kind: "CREDIT", text: "Credited with the next invoice." }

export const step = (
  token: string,
  id: string,
  verb: Verb,
  body: unknown = verb === "resolve" ? credit : undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> => api("PUT", `/complaints/${id}/${verb}`, { token, ...(body === undefined ? {} : { body }), headers })

/** A file of complaint evidence. */
export const photo = async (token: string): Promise<string> => (await uploaded(token, "complaint_evidence", await png(), "crate.png")).id

/** A complaint's row of one party, as D1 holds it. */
export const rowIn = (orgId: string, id: string): Promise<Record<string, unknown> | null> =>
  env.DB.prepare("select * from complaints where org_id = ? and id = ?").bind(orgId, id).first()
