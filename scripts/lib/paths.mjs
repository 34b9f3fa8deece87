import { fileURLToPath } from "node:url"

/** Where the repository lies, whatever directory a script was called from. */
export const root = fileURLToPath(new URL("../../", import.meta.url)).replace(/[\\/]$/, "")
