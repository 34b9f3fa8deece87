/** The only way into this domain. */
export { cleanUpIdentity } from "./clean-up.ts"
export { activeColleague } from "./colleague.ts"
export { directory } from "./directory.ts"
export { identityEndpoints } from "./http.ts"
export { makeFirstSuperAdmin } from "./make-super-admin.ts"
export { type PersonOfOrganization, peopleOf } from "./people.ts"
export { permissionsNow } from "./permissions-now.ts"
export { foundWithOwner } from "./register.ts"
