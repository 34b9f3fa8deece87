/** How likely each batch for D1 meets which fate; what is left over goes well. */
export type FaultRates = {
  /** It never reaches D1, and the Worker hears of an error. */
  readonly refuse: number
  /** D1 carries it out, and the Worker hears of an error all the same. */
  readonly lose: number
  /** It takes a while. */
  readonly late: number
  /** It takes longer than anybody waits, and is carried out then. */
  readonly hang: number
}

export const calm: FaultRates = { refuse: 0, lose: 0, late: 0, hang: 0 }

/** What D1 is like for a while. */
export const weathers = {
  calm,
  errors: { refuse: 0.2, lose: 0.05, late: 0, hang: 0 },
  "lost answers": { refuse: 0, lose: 0.3, late: 0.1, hang: 0 },
  slow: { refuse: 0, lose: 0, late: 0.5, hang: 0.01 },
  timeouts: { refuse: 0.02, lose: 0.02, late: 0.2, hang: 0.06 },
  outage: { refuse: 1, lose: 0, late: 0, hang: 0 },
} as const satisfies Record<string, FaultRates>

export type Weather = keyof typeof weathers

/** Whether batches come back as failed in this weather, rather than late. */
export const isFailing = ({ refuse, lose }: FaultRates): boolean => refuse + lose > 0
