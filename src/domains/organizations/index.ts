/** The only way into this domain. */
export { foundOrganization } from "./found-organization.ts"
export { organizationEndpoints } from "./http.ts"
export { createOrganizationInput, type NewOrganization, newOrganizationInput, organizationView } from "./schemas.ts"
export { sendUnsentOrganizations } from "./send-facts.ts"
export { organizationStore } from "./store.ts"
export type { OrganizationRow } from "./tables.ts"
export { toOrganizationView } from "./views.ts"
