import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test } from "vitest"
import type { FailedRow, ImportNext, ImportProgress, ImportWork } from "../../../durable-objects/import-job/client.ts"
import { importJobOf } from "../../../durable-objects/import-job/import-job.ts"
import { newId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { importStub } from "../../support/imports.ts"
import { quiet } from "../../support/ledger.ts"

beforeAll(quiet)

/** The shell alone: what is to be done each test lends it. An alarm of its own never comes while a test runs. */
class Shell {
  readonly jobId = newId("job", Date.now())
  readonly begun: ImportProgress = {
    jobId: this.jobId,
    orgId: newId("org", Date.now()),
    columns: ["sku"],
    offset: 4,
    total: 9,
    done: 0,
    failed: 0,
    tries: 0,
  }

  /** A fresh instance over what lies in the object's storage, as after an eviction. */
  run<T>(
    work: ImportWork,
    use: (job: InstanceType<ReturnType<typeof importJobOf>>, storage: DurableObjectStorage) => Promise<T>,
  ): Promise<T> {
    return runInDurableObject(importStub(this.jobId), async (_, state) => {
      const job = new (importJobOf(work))(state, env)
      await job.loadFromStorage()
      const used = await use(job, state.storage)
      await state.storage.deleteAlarm()
      return used
    })
  }

  keep(progress: ImportProgress): Promise<void> {
    return this.run(idle, async (job) => {
      job.progress = progress
      await job.persist()
    })
  }
}

/** What a work that goes on answers, and one that is over. */
const goesOn: ImportNext = { afterMs: 0 }
const isOver: ImportNext = "over"
const idle: ImportWork = async () => goesOn
const died: ImportWork = async () => {
  throw new Error("the object died")
}

describe("INV-JOB-2: how far an import came, and the rows that failed on the way", () => {
  const row: FailedRow = { row: 2, cells: ["B"], reason: "It is none." }
  const later = (begun: ImportProgress): ImportProgress => ({ ...begun, offset: 9, done: 1, failed: 1 })

  /** What a later instance finds. */
  const found = async (shell: Shell): Promise<unknown> => {
    let seen: unknown
    await shell.run(
      async ({ progress: { offset, done, failed }, failedRows }) => {
        seen = { offset, done, failed, rows: failedRows(0, 10) }
        return goesOn
      },
      (job) => job.alarm(),
    )
    return seen
  }

  test("are both there after a death that comes behind their keeping", async () => {
    const shell = new Shell()
    await shell.keep(shell.begun)
    const dies: ImportWork = async (desk) => {
      await desk.save(later(desk.progress), [row])
      return died(desk)
    }
    await shell.run(dies, (job) => job.alarm())
    expect(await found(shell)).toEqual({ offset: 9, done: 1, failed: 1, rows: [row] })
  })

  test("are neither there after one that comes before", async () => {
    const shell = new Shell()
    await shell.keep(shell.begun)
    await shell.run(died, (job) => job.alarm())
    expect(await found(shell)).toEqual({ offset: 4, done: 0, failed: 0, rows: [] })
  })
})

test("INV-JOB-3: to be started again disturbs nothing that is under way", async () => {
  const shell = new Shell()
  const underWay = { ...shell.begun, offset: 9, done: 2 }
  await shell.keep(underWay)
  const at = Date.now() + 3_600_000
  await shell.run(idle, async (job, storage) => {
    await storage.setAlarm(at)
    await job.start(shell.jobId, shell.begun.orgId)
    expect(await storage.getAlarm()).toBe(at)
    expect(job.read()).toEqual(underWay)
  })
})

describe("INV-JOB-4: an import", () => {
  test("that fails is tried again, later each time, up to a bound", async () => {
    const shell = new Shell()
    // Late enough that no alarm of these tries comes by itself meanwhile.
    await shell.keep({ ...shell.begun, tries: 3 })
    const waits: number[] = []
    for (let failures = 0; failures < 4; failures += 1) {
      await shell.run(died, async (job, storage) => {
        const before = Date.now()
        await job.alarm()
        waits.push(((await storage.getAlarm()) ?? 0) - before)
      })
    }
    const wanted = [3, 4, 5, 6].map((tries) => Math.min(limits.importRetryMs * 2 ** tries, limits.importRetryMsMax))
    // Where it is not held down, the next one is at least as much again.
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(wanted[index] ?? 0)
      expect(wait).toBeLessThan((wanted[index] ?? 0) + limits.importRetryMsMax)
    }
    expect(new Set(wanted).size).toBeGreaterThan(2)
    expect(wanted.at(-1)).toBe(limits.importRetryMsMax)
  })

  test("that fails leaves a note to the next try, which comes no sooner for it", async () => {
    const shell = new Shell()
    await shell.keep({ ...shell.begun, tries: 3 })
    const noting: ImportWork = async (desk) => {
      await desk.note({ ...desk.progress, errorsFileTries: 1 })
      return died(desk)
    }
    await shell.run(noting, async (job) => {
      await job.alarm()
      expect(job.read()).toEqual({ ...shell.begun, tries: 4, errorsFileTries: 1 })
    })
    await shell.run(idle, async (job) => expect(job.read()).toEqual({ ...shell.begun, tries: 4, errorsFileTries: 1 }))
  })

  test("that is over leaves nothing in its storage, and no alarm", async () => {
    const shell = new Shell()
    await shell.keep(shell.begun)
    const left = await shell.run(
      async (desk) => {
        await desk.save(desk.progress, [{ row: 1, cells: ["A"], reason: "It is none." }])
        return isOver
      },
      async (job, storage) => {
        await job.alarm()
        return {
          kept: (await storage.list()).size,
          tables: storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'failed_rows'").toArray(),
          alarm: await storage.getAlarm(),
          progress: job.read(),
        }
      },
    )
    expect(left).toEqual({ kept: 0, tables: [], alarm: null, progress: null })
  })
})
