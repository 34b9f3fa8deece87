import { below, type Goal } from "./goals.ts"
import { fire, kindsOf, type Load, type Measured, together } from "./measure.ts"
import { type Account, signingIn } from "./scenarios.ts"

/** The cheapest route of the API itself: no token, no row, no object. */
const hello = { method: "GET", path: "/health", headers: {} } as const

export type HelloBeside = { readonly alone: Measured; readonly beside: Measured; readonly signIns: Measured }

const signInsAtOnce = 8
const p99MsMax = 400

/** How long somebody waits for a hello while as many as eight sign in all the time: one asks, one answer after the other. */
export async function helloBesideSignIns(load: Omit<Load, "connections" | "amount">, account: Account): Promise<HelloBeside> {
  const one = { ...load, connections: 1 }
  const alone = together([await fire({ ...one, seconds: Math.min(2, load.seconds) }, () => hello)])
  const [beside, signIns] = await Promise.all([
    fire(one, () => hello),
    fire({ ...load, connections: signInsAtOnce }, () => signingIn(account)),
  ])
  return { alone, beside: together([beside]), signIns: together([signIns]) }
}

/** Sign-ins that fail come back quickly and load nothing: with more than these, the number proves nothing. */
const failedShareMax = 0.1

export const helloGoal = ({ beside, signIns }: HelloBeside): Goal => {
  const what = `hello's p99 of ${beside.requests}, beside ${signInsAtOnce} sign-ins at once`
  const isProof = beside.failures === 0 && signIns.failures <= failedShareMax * signIns.requests
  const failed = kindsOf(signIns.failed).map((kind) => `of sign-ins ${kind}`)
  return below([what, ...kindsOf(beside.failed), ...failed].join(": "), isProof ? beside.p99Ms : Number.NaN, p99MsMax, "ms")
}
