/** The only way into this domain. */
export { importEndpoints } from "./http.ts"
export { runImport } from "./run-import.ts"
export { cleanUpImports, sweepImports } from "./sweep-imports.ts"
