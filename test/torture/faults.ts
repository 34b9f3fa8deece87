/** How likely each batch for D1, each of the queue's and each call to R2 meets which fate; what is left over goes well. */
export type FaultRates = {
  /** It never reaches D1, and the Worker hears of an error. */
  readonly refuse: number
  /** D1 carries it out, and the Worker hears of an error all the same. */
  readonly lose: number
  /** It takes a while. */
  readonly late: number
  /** It takes longer than anybody waits, and is carried out then. */
  readonly hang: number
  /** Of a batch of the queue: it is handed out twice. */
  readonly twice: number
  /** Of a batch of the queue: all of it is done, and the queue hears of an error. */
  readonly unheard: number
  /** Of a call to R2: it takes a while. */
  readonly slowFiles: number
}

export const calm: FaultRates = { refuse: 0, lose: 0, late: 0, hang: 0, twice: 0, unheard: 0, slowFiles: 0 }
/** The queue and R2 in any weather of D1's but calm. */
const around = { twice: 0.4, unheard: 0.25, slowFiles: 0.5 }

/** What D1 is like for a while. */
export const weathers = {
  calm,
  errors: { ...around, refuse: 0.2, lose: 0.05, late: 0, hang: 0 },
  "lost answers": { ...around, refuse: 0, lose: 0.3, late: 0.1, hang: 0 },
  slow: { ...around, refuse: 0, lose: 0, late: 0.5, hang: 0.01 },
  timeouts: { ...around, refuse: 0.02, lose: 0.02, late: 0.2, hang: 0.06 },
  outage: { ...around, refuse: 1, lose: 0, late: 0, hang: 0 },
} as const satisfies Record<string, FaultRates>

export type Weather = keyof typeof weathers

/** Whether batches come back as failed in this weather, rather than late. */
export const isFailing = ({ refuse, lose }: FaultRates): boolean => refuse + lose > 0
