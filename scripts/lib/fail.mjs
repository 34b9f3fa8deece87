/** Ends the script with one clear line. 2 is for a wrong command line, 1 for everything else. */
export function fail(line, code = 1) {
  process.stderr.write(`waybill: ${line}\n`)
  process.exit(code)
}
