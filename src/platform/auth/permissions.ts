/**
 * Everything that can be permitted, as `domain.noun.verb`, with what it lets one do. Routes declare one of
 * these, roles are sets of them, and nobody can grant what they do not hold.
 */
export const permissions = {
  "identity.user.read": "List and read users of the organization",
  "identity.user.read-scoped": "List the users in one's own field-force scope",
  "identity.user.create": "Create users",
  "identity.user.update": "Change other users",
  "identity.user.disable": "Disable users; their sessions end at once",
  "identity.role.read": "Read roles and their permissions",
  "identity.role.define": "Define, change and delete custom roles",
  "identity.role.assign": "Assign roles to users",
  "identity.invitation.read": "Read open invitations",
  "identity.invitation.manage": "Invite people and withdraw invitations",
  "identity.api-key.read": "Read API keys",
  "identity.api-key.manage": "Create and revoke API keys",
  "organizations.organization.read": "Read one's own organization",
  "organizations.organization.update": "Change the organization's name and settings",
  "organizations.organization.deactivate": "Deactivate the organization",
  "organizations.directory.read": "Look up suppliers that can be asked for a link",
  "organizations.kyb.submit": "Submit the organization for Know Your Business verification",
  "partners.link.read": "Read the organization's links",
  "partners.link.request": "Ask suppliers for a link, and withdraw or end links as the buyer",
  "partners.link.decide": "Approve, reject, block and end links as the supplier",
  "partners.link.unblock": "Approve a blocked link again",
  "partners.terms.set": "Set a buyer's prices, minimum order value and delivery terms, as the supplier",
  "catalog.product.read": "Read products of one's own organization and of linked suppliers",
  "catalog.product.edit": "Create, change and archive products",
  "inventory.stock.read": "See quantities on hand",
  "inventory.stock.value": "See what the stock is worth",
  "inventory.warehouse.read": "See the places that hold stock",
  "inventory.warehouse.edit": "Create and change the places that hold stock, and say who operates them",
  "inventory.warehouse.delete": "Delete empty places",
  "inventory.movement.record": "Record movements of stock",
  "inventory.lot.trace": "Trace a lot to where it came from and to every order it went to",
  "inventory.lot.hold": "Quarantine lots and release them",
  "inventory.lot.recall": "Recall lots",
  "inventory.unit.receive": "Receive serialized units",
  "inventory.unit.reserve": "Reserve serialized units and release them",
  "inventory.unit.sell": "Mark serialized units sold",
  "inventory.unit.handle": "Move serialized units, mark them damaged and take them back",
  "orders.order.read": "Read the organization's orders, either side",
  "orders.purchase.place": "Place and repeat orders as the buyer",
  "orders.purchase.cancel": "Cancel orders as the buyer",
  "orders.purchase.receive": "Complete orders as the buyer",
  "orders.sale.place": "Place orders for a linked buyer, as the supplier",
  "orders.sale.accept": "Accept orders",
  "orders.sale.reject": "Reject orders",
  "orders.sale.deliver": "Send orders out for delivery",
  "orders.sale.complete": "Complete orders as the supplier",
  "orders.sale.cancel": "Cancel orders as the supplier",
  "chat.message.read": "Read the conversations of the organization's links and one's own with colleagues",
  "chat.message.send": "Write in them",
  "chat.canned-reply.manage": "Read, create and delete the organization's canned replies",
  "complaints.complaint.read": "Read the organization's complaints, either side",
  "complaints.complaint.open": "Open complaints about orders, and withdraw them",
  "complaints.complaint.handle": "Take complaints on oneself as the supplier",
  "complaints.complaint.assign": "Assign complaints to others",
  "complaints.complaint.escalate": "Escalate complaints",
  "complaints.complaint.resolve": "Resolve complaints",
  "complaints.complaint.confirm": "Confirm resolutions and reopen complaints as the buyer",
  "complaints.complaint.export": "Export the incident log",
  "files.file.upload": "Upload files, and delete one's own that nothing refers to",
  "files.file.manage": "Delete anybody's files that nothing refers to",
  "webhooks.endpoint.read": "Read webhooks and their deliveries",
  "webhooks.endpoint.manage": "Create, change and delete webhooks, and replay deliveries",
  "audit.log.read": "Read the organization's audit log",
  "platform.organization.manage": "Read, create and change every organization",
  "platform.kyb.decide": "Verify or reject organizations",
  "platform.audit.read": "Read every audit log",
  "platform.metrics.read": "Read metrics",
  "platform.ledger.operate": "Reconcile and rebuild ledgers",
  "platform.dead-letter.operate": "Read and replay queue messages that failed for good",
} as const satisfies Record<`${string}.${string}.${string}`, string>

export type Permission = keyof typeof permissions

export const allPermissions = Object.keys(permissions) as Permission[]

export const isPermission = (text: string): text is Permission => Object.hasOwn(permissions, text)

/** What lets the platform's staff act in an organization, with all its rights. */
export const visitorPermission: Permission = "platform.organization.manage"

/** Permissions of the platform's own staff, which no organization's role can hold. */
export const isPlatformPermission = (permission: Permission): boolean => permission.startsWith("platform.")
