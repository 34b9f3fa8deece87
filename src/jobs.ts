import { ledgerWatchOf } from "../durable-objects/ledger-watch/client.ts"
import { runComplaintClock } from "./domains/complaints/index.ts"
import { sweepFiles, sweepOrphans } from "./domains/files/index.ts"
import { cleanUpIdentity } from "./domains/identity/index.ts"
import { cleanUpImports, sweepImports } from "./domains/imports/index.ts"
import { cleanUpNotifications, wakeMailers } from "./domains/notifications/index.ts"
import { sendUnsentOrganizations } from "./domains/organizations/index.ts"
import { cleanUpWebhooks, wakeDeliveries } from "./domains/webhooks/index.ts"
import { type Instant, second } from "./kernel/time.ts"
import type { Meter } from "./platform/db/meter.ts"
import type { Bindings } from "./platform/env.ts"
import { sweepEvents } from "./platform/events/sweep.ts"
import { cleanUpPlatform } from "./platform/jobs/clean-up.ts"
import { type Job, type JobDeps, runJobs } from "./platform/jobs/run.ts"
import { log } from "./platform/log/log.ts"

/** What cron does, by the expressions of wrangler.toml; a test holds the two lists together. */
export const cronTable: Readonly<Record<string, readonly Job[]>> = {
  "* * * * *": [
    { name: "watch-ledgers", run: watchLedgers },
    { name: "send-organizations", run: sendUnsentOrganizations },
    { name: "complaint-clock", run: runComplaintClock },
    { name: "wake-deliveries", run: wakeDeliveries },
    { name: "sweep-events", run: sweepEvents },
    { name: "wake-mailers", run: wakeMailers },
    { name: "sweep-files", run: sweepFiles },
    { name: "sweep-imports", run: sweepImports },
  ],
  "0 2 * * *": [
    { name: "clean-up-identity", run: cleanUpIdentity },
    { name: "clean-up-platform", run: cleanUpPlatform },
    { name: "clean-up-webhooks", run: cleanUpWebhooks },
    { name: "clean-up-notifications", run: cleanUpNotifications },
    { name: "clean-up-imports", run: cleanUpImports },
    { name: "sweep-orphans", run: sweepOrphans },
  ],
}

/** Runs what is due by one cron expression. `scheduledTime` is in milliseconds since the epoch. Never throws. */
export async function runCron(cron: string, scheduledTime: number, env: Bindings, deps?: JobDeps): Promise<void> {
  const jobs = cronTable[cron]
  if (jobs === undefined) {
    log.error("cron without jobs", { cron })
    return
  }
  await runJobs(jobs, env, scheduledTime, deps)
}

/** Says which ledgers D1 is behind; they drain by their own alarms, so there is nothing to do but tell. */
async function watchLedgers(env: Bindings, meter: Meter, now: Instant): Promise<void> {
  const { count, oldestSince, depth, ledgers } = await ledgerWatchOf(env, meter).behind()
  if (count === 0) return
  log.warn("outboxes are late", {
    ledgers: count,
    rows: depth,
    oldest_seconds: oldestSince === null ? null : Math.max(0, now - oldestSince) / second,
    organizations: ledgers
      .slice(0, 5)
      .map(({ orgId }) => orgId)
      .join(" "),
  })
}
