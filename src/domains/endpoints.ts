import type { Endpoint } from "../platform/http/endpoint.ts"
import { systemEndpoints } from "./admin/index.ts"
import { auditEndpoints } from "./audit/index.ts"
import { bundleEndpoints } from "./bundles/index.ts"
import { catalogEndpoints } from "./catalog/index.ts"
import { chatEndpoints } from "./chat/index.ts"
import { complaintEndpoints } from "./complaints/index.ts"
import { demoEndpoints } from "./demo/index.ts"
import { eventEndpoints } from "./events/index.ts"
import { fileEndpoints } from "./files/index.ts"
import { hubEndpoints } from "./hub/index.ts"
import { identityEndpoints } from "./identity/index.ts"
import { importEndpoints } from "./imports/index.ts"
import { inventoryEndpoints, movementEndpoints } from "./inventory/index.ts"
import { lotEndpoints } from "./lots/index.ts"
import { notificationEndpoints } from "./notifications/index.ts"
import { orderEndpoints } from "./orders/index.ts"
import { organizationEndpoints } from "./organizations/index.ts"
import { partnerEndpoints } from "./partners/index.ts"
import { tags } from "./tags.ts"
import { unitEndpoints } from "./units/index.ts"
import { warehouseEndpoints } from "./warehouses/index.ts"
import { webhookEndpoints } from "./webhooks/index.ts"

/** Every operation of the API, by domain: the registry that the router, the OpenAPI document, the tenant sweep and the role matrix are made from. */
export const endpoints: readonly Endpoint[] = [
  ...identityEndpoints,
  ...organizationEndpoints,
  ...partnerEndpoints,
  ...importEndpoints,
  ...catalogEndpoints,
  ...hubEndpoints,
  ...bundleEndpoints,
  ...unitEndpoints,
  ...movementEndpoints,
  ...lotEndpoints,
  ...warehouseEndpoints,
  ...inventoryEndpoints,
  ...orderEndpoints,
  ...chatEndpoints,
  ...complaintEndpoints,
  ...fileEndpoints,
  ...eventEndpoints,
  ...notificationEndpoints,
  ...webhookEndpoints,
  ...auditEndpoints,
  ...demoEndpoints,
  ...systemEndpoints(() => endpoints, tags),
]
