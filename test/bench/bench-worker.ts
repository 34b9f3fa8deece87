import api from "../../src/worker.ts"
import { withFloor } from "./floor.ts"

export { LedgerWatch, SupplierLedger } from "../../src/worker.ts"

/** The deployed Worker with its floor beside it, in one process. */
export default { ...api, ...withFloor({ fetch: (request, env, execution) => api.fetch(request, env, execution) }) }
