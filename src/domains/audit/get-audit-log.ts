import { etagOf } from "../../platform/http/reply.ts"
import { idParams } from "../../platform/http/schemas.ts"
import { readEndpoint } from "../../platform/http/verbs.ts"
import { logOf } from "./log-of.ts"
import { auditView, oneAuditQuery, toAuditView } from "./schemas.ts"
import { auditStore } from "./store.ts"

/** Entries never change, so each is for ever of its first version. */
const onlyVersion = etagOf(1)

export const getAuditLog = readEndpoint(
  {
    operationId: "getAuditLog",
    path: "/audit-logs/{id}",
    tag: "Audit",
    summary: "One entry of the audit log",
    access: ["audit.log.read", "platform.audit.read"],
    params: idParams("aud"),
    query: oneAuditQuery,
    noun: "entry in this log",
    success: { description: "The entry.", schema: auditView },
    errors: ["NOT_FOUND"],
  },
  async (ctx, { params, query }) => {
    const row = await auditStore(logOf(ctx, query.organization_id)).byId(params.id)
    return row === undefined ? undefined : { view: toAuditView(row), etag: onlyVersion }
  },
)
