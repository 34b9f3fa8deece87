import { allPermissions, isPlatformPermission, type Permission } from "./permissions.ts"

/** The built-in roles of the seeds, as sets of permissions. Custom roles are rows of their organization. */

/** What every member of an organization may do. */
const member = [
  "organizations.organization.read",
  "organizations.directory.read",
  "partners.link.read",
  "catalog.product.read",
  "inventory.stock.read",
  "inventory.warehouse.read",
  "orders.order.read",
  "chat.message.read",
  "chat.message.send",
  "complaints.complaint.read",
  "files.file.upload",
] as const satisfies readonly Permission[]

const salesRep = [
  ...member,
  "partners.link.decide",
  "orders.sale.place",
  "orders.sale.accept",
  "orders.sale.reject",
  "orders.sale.deliver",
  "orders.sale.complete",
  "orders.sale.cancel",
  "inventory.unit.reserve",
  "inventory.unit.sell",
  "chat.canned-reply.manage",
  "complaints.complaint.open",
  "complaints.complaint.handle",
  "complaints.complaint.escalate",
  "complaints.complaint.resolve",
  "complaints.complaint.export",
] as const satisfies readonly Permission[]

const buyer = [
  ...member,
  "partners.link.request",
  "orders.purchase.place",
  "orders.purchase.cancel",
  "orders.purchase.receive",
  "complaints.complaint.open",
  "complaints.complaint.confirm",
] as const satisfies readonly Permission[]

const staff = [...member, "inventory.movement.record"] as const satisfies readonly Permission[]

const warehouseOp = [
  ...staff,
  "orders.sale.deliver",
  "inventory.unit.receive",
  "inventory.unit.reserve",
  "inventory.unit.sell",
  "inventory.unit.handle",
] as const satisfies readonly Permission[]

const fieldManager = [...member, "identity.user.read-scoped"] as const satisfies readonly Permission[]

const manager = [
  ...new Set<Permission>([
    ...salesRep,
    ...buyer,
    ...warehouseOp,
    "partners.link.unblock",
    "partners.terms.set",
    "catalog.product.edit",
    "inventory.stock.value",
    "inventory.warehouse.edit",
    "inventory.lot.trace",
    "inventory.lot.hold",
    "inventory.lot.recall",
    "complaints.complaint.assign",
  ]),
] as const satisfies readonly Permission[]

const everythingInTheOrganization = allPermissions.filter((permission) => !isPlatformPermission(permission))

/** Only owners hold these; so, by the rule that nobody manages someone who may do more, only owners manage owners. */
const ownerAlone: readonly Permission[] = ["organizations.organization.deactivate"]

const admin = everythingInTheOrganization.filter((permission) => !ownerAlone.includes(permission))

export const builtInRoles = {
  super_admin: allPermissions.filter(isPlatformPermission),
  owner: everythingInTheOrganization,
  admin,
  manager,
  sales_rep: salesRep,
  warehouse_op: warehouseOp,
  staff,
  buyer,
  cfa: member,
  stockist: buyer,
  agent: member,
  team_leader: member,
  area_manager: fieldManager,
  regional_manager: fieldManager,
  national_manager: fieldManager,
  system_bot: member,
} as const satisfies Record<string, readonly Permission[]>

export type BuiltInRole = keyof typeof builtInRoles

export const builtInRoleNames = Object.keys(builtInRoles) as BuiltInRole[]

export const isBuiltInRole = (name: string): name is BuiltInRole => Object.hasOwn(builtInRoles, name)

/** Roles an organization can assign: all but the platform's own. */
export const assignableBuiltInRoles = builtInRoleNames.filter((name) => name !== "super_admin")

/**
 * The permissions of a set of roles. Built-in names are known here; the permissions of custom ones, which
 * live in rows, come as the second argument.
 */
export function permissionsOf(roles: readonly string[], customPermissions: readonly string[] = []): ReadonlySet<Permission> {
  const held = new Set<Permission>()
  for (const role of roles) if (isBuiltInRole(role)) for (const permission of builtInRoles[role]) held.add(permission)
  for (const permission of customPermissions) {
    const known = allPermissions.find((candidate) => candidate === permission)
    if (known !== undefined && !isPlatformPermission(known)) held.add(known)
  }
  return held
}

/** Whether somebody with these permissions may hand out those: nobody grants what they lack. */
export const covers = (held: ReadonlySet<Permission>, granted: Iterable<Permission>): boolean => {
  for (const permission of granted) if (!held.has(permission)) return false
  return true
}
