import type { RequestRecord } from "./observer.ts"

/** Series kept per metric at most, so that a label nobody foresaw cannot fill the isolate's memory. */
const seriesMax = 5_000

type Labels<N extends string> = Readonly<Record<N, string>>

const escapeLabel = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")

const labelText = (labels: Readonly<Record<string, string>>): string => {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return parts.length === 0 ? "" : `{${parts.join(",")}}`
}

const head = (name: string, type: "counter" | "gauge" | "histogram", help: string): string =>
  `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`

class Counter<N extends string = never> {
  readonly #name: string
  readonly #help: string
  readonly #values = new Map<string, number>()

  constructor(name: string, help: string) {
    this.#name = name
    this.#help = help
  }

  add(labels: Labels<N>, by = 1): void {
    const key = labelText(labels)
    const value = this.#values.get(key)
    if (value === undefined && this.#values.size >= seriesMax) return
    this.#values.set(key, (value ?? 0) + by)
  }

  render(): string {
    return (
      head(this.#name, "counter", this.#help) + [...this.#values].map(([labels, value]) => `${this.#name}${labels} ${value}\n`).join("")
    )
  }
}

type Distribution<N extends string> = { readonly labels: Labels<N>; readonly counts: number[]; sum: number; count: number }

class Histogram<N extends string> {
  readonly #name: string
  readonly #help: string
  readonly #bounds: readonly number[]
  readonly #values = new Map<string, Distribution<N>>()

  /** `bounds` are the buckets' upper edges, ascending; the last bucket, +Inf, is added. */
  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name
    this.#help = help
    this.#bounds = bounds
  }

  observe(labels: Labels<N>, value: number): void {
    const key = labelText(labels)
    let known = this.#values.get(key)
    if (known === undefined) {
      if (this.#values.size >= seriesMax) return
      known = { labels, counts: this.#bounds.map(() => 0), sum: 0, count: 0 }
      this.#values.set(key, known)
    }
    const bucket = this.#bounds.findIndex((bound) => value <= bound)
    if (bucket >= 0) known.counts[bucket] = (known.counts[bucket] ?? 0) + 1
    known.sum += value
    known.count += 1
  }

  render(): string {
    // A bucket of the format holds what every smaller one does, too.
    const upTo = (counts: readonly number[], last: number) => counts.slice(0, last + 1).reduce((sum, count) => sum + count, 0)
    const lines = [...this.#values.values()].flatMap(({ labels, counts, sum, count }) => [
      ...this.#bounds.map((bound, index) => `${this.#name}_bucket${labelText({ ...labels, le: String(bound) })} ${upTo(counts, index)}\n`),
      `${this.#name}_bucket${labelText({ ...labels, le: "+Inf" })} ${count}\n`,
      `${this.#name}_sum${labelText(labels)} ${sum}\n`,
      `${this.#name}_count${labelText(labels)} ${count}\n`,
    ])
    return head(this.#name, "histogram", this.#help) + lines.join("")
  }
}

/** One gauge of the given value, for what is read at the moment of the scrape. */
export const gaugeText = (name: string, help: string, value: number): string => `${head(name, "gauge", help)}${name} ${value}\n`

const latencySeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const jobSeconds = [0.01, 0.1, 1, 10, 60, 300]

const statusClass = (status: number): string => `${Math.floor(status / 100)}xx`

/**
 * What this isolate has counted since it started, as Prometheus text (format 0.0.4). Isolates come and go and
 * each answers for itself, so rates over many scrapes mean something and absolute values do not.
 */
export class Metrics {
  readonly requests = new Counter<"route" | "method" | "status">("waybill_requests_total", "Requests by route, method and class of status.")
  readonly errors = new Counter<"code">("waybill_errors_total", "Problems answered, by code.")
  readonly latency = new Histogram<"route" | "method">("waybill_request_duration_seconds", "Time from request to answer.", latencySeconds)
  readonly d1Trips = new Counter<"route" | "method">("waybill_d1_trips_total", "Round trips to D1.")
  readonly d1RowsRead = new Counter<"route" | "method">("waybill_d1_rows_read_total", "Rows that D1 read.")
  readonly d1RowsWritten = new Counter<"route" | "method">("waybill_d1_rows_written_total", "Rows that D1 wrote.")
  readonly objectCalls = new Counter<"route" | "method">("waybill_object_calls_total", "Calls to Durable Objects.")
  readonly jobs = new Counter<"job" | "outcome">("waybill_jobs_total", "Cron jobs run, by outcome.")
  readonly jobDuration = new Histogram<"job">("waybill_job_duration_seconds", "Time a cron job took.", jobSeconds)
  readonly queueMessages = new Counter<"kind" | "outcome">("waybill_queue_messages_total", "Queue messages, by kind and outcome.")
  readonly mails = new Counter<"outcome">("waybill_mails_total", "Mails about events that were worked on, by what became of them.")

  request({ route, method, status, durationMs, cost, code }: RequestRecord): void {
    const labels = { route, method }
    this.requests.add({ route, method, status: statusClass(status) })
    if (code !== undefined) this.errors.add({ code })
    this.latency.observe(labels, durationMs / 1000)
    this.d1Trips.add(labels, cost.d1Trips)
    this.d1RowsRead.add(labels, cost.d1RowsRead)
    this.d1RowsWritten.add(labels, cost.d1RowsWritten)
    this.objectCalls.add(labels, cost.objectCalls)
  }

  render(): string {
    return [
      this.requests,
      this.errors,
      this.latency,
      this.d1Trips,
      this.d1RowsRead,
      this.d1RowsWritten,
      this.objectCalls,
      this.jobs,
      this.jobDuration,
      this.queueMessages,
      this.mails,
    ]
      .map((metric) => metric.render())
      .join("")
  }
}

/** This isolate's. */
export const metrics = new Metrics()
