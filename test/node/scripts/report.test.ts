import { expect, test } from "vitest"
import { closingLine, tallyOf } from "../../../scripts/lib/report.ts"

const counts = { numPassedTests: 7, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 }
const failedTest = { status: "failed", assertionResults: [{ status: "failed" }] }

test("the closing line counts tests by outcome, and todo as skipped", () => {
  expect(closingLine(tallyOf({ ...counts, testResults: [failedTest] }))).toBe("7 passed, 1 failed, 3 skipped")
})

test("a file that could not load counts as a failure", () => {
  expect(tallyOf({ ...counts, testResults: [failedTest, { status: "failed", assertionResults: [] }] }).failed).toBe(2)
})
