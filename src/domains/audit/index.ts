import type { Endpoint } from "../../platform/http/endpoint.ts"
import { getAuditLog } from "./get-audit-log.ts"
import { listAuditLogs } from "./list-audit-logs.ts"

export const auditEndpoints: readonly Endpoint[] = [listAuditLogs, getAuditLog]
