import { vi } from "vitest"

/** What the log has said since `captureLog`, one object a line. */
export const logLines: Array<Record<string, unknown>> = []

/** Keeps the log's lines here instead of printing them, until the test restores its mocks. */
export function captureLog(): void {
  logLines.length = 0
  for (const level of ["log", "warn", "error"] as const)
    vi.spyOn(console, level).mockImplementation((line: string) => void logLines.push(JSON.parse(line)))
}
