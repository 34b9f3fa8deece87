import { assignableBuiltInRoles, type BuiltInRole } from "../../src/platform/auth/roles.ts"

/** Roles an organization's people can have; super_admin is the platform's and stands apart. */
type OrganizationRole = Exclude<BuiltInRole, "super_admin">

const anyone = assignableBuiltInRoles as readonly OrganizationRole[]
const admins = ["owner", "admin"] as const
const managers = [...admins, "manager"] as const
const supplierStaff = [...managers, "sales_rep"] as const
const fieldManagers = ["area_manager", "regional_manager", "national_manager"] as const
/** Seed 4's stockist orders direct, so it holds what a buyer holds. */
const buyerSide = [...managers, "buyer", "stockist"] as const

type Least = {
  /** As the contract's `who` column has it. */
  readonly who: string
  readonly roles: readonly OrganizationRole[]
  /** Whether super_admin may, without stepping into an organization. */
  readonly isPlatforms?: true
}

const platform: Least = { who: "platform", roles: [], isPlatforms: true }
const everyone: Least = { who: "any", roles: anyone }
const ownersAndAdmins: Least = { who: "owner,admin", roles: admins }
const ownersAndManagers: Least = { who: "owner,manager", roles: managers }
const warehouse: Least = { who: "warehouse_op", roles: [...managers, "warehouse_op"] }
const warehouseAndSales: Least = { who: "warehouse_op,sales_rep", roles: [...supplierStaff, "warehouse_op"] }
const buyers: Least = { who: "buyer side", roles: buyerSide }

/**
 * Who the contract says may do what, at the least: by operation, and by what is asked where that decides. "owner may do
 * all that admin may; admin all that manager, sales_rep, warehouse_op, staff and the field managers may."
 */
export const leastRoles: Readonly<Record<string, Least>> = {
  signOut: { ...everyone, isPlatforms: true },
  readMe: { ...everyone, isPlatforms: true },
  updateMe: { ...everyone, isPlatforms: true },
  changePassword: { ...everyone, isPlatforms: true },
  listSessions: { ...everyone, isPlatforms: true },
  endSession: { ...everyone, isPlatforms: true },

  listApiKeys: ownersAndAdmins,
  createApiKey: ownersAndAdmins,
  revokeApiKey: ownersAndAdmins,

  listOrganizations: platform,
  createOrganization: platform,
  listDirectory: everyone,
  getOrganization: { who: "any (own) or platform", roles: anyone, isPlatforms: true },
  updateOrganization: { who: "owner,admin,platform", roles: admins, isPlatforms: true },
  deactivateOrganization: { who: "owner,platform", roles: ["owner"], isPlatforms: true },
  submitKyb: ownersAndAdmins,
  decideKyb: platform,

  listUsers: { who: "owner,admin,managers", roles: [...admins, ...fieldManagers] },
  createUser: ownersAndAdmins,
  "getUser: oneself": { who: "self", roles: anyone, isPlatforms: true },
  "getUser: another": ownersAndAdmins,
  "updateUser: own name": { who: "self", roles: anyone, isPlatforms: true },
  "updateUser: another's name": ownersAndAdmins,
  "updateUser: another's address": ownersAndAdmins,
  "updateUser: another's activity": ownersAndAdmins,
  disableUser: ownersAndAdmins,
  assignRoles: ownersAndAdmins,
  listInvitations: ownersAndAdmins,
  invite: ownersAndAdmins,
  withdrawInvitation: ownersAndAdmins,
  listRoles: ownersAndAdmins,
  defineRole: ownersAndAdmins,
  changeRole: ownersAndAdmins,
  deleteRole: ownersAndAdmins,

  requestLink: buyers,
  "setLinkStatus: supplier, APPROVED": { who: "supplier staff", roles: supplierStaff },
  "setLinkStatus: supplier, REJECTED": { who: "supplier staff", roles: supplierStaff },
  "setLinkStatus: supplier, BLOCKED": { who: "supplier staff", roles: supplierStaff },
  "setLinkStatus: supplier, REMOVED": { who: "supplier staff", roles: supplierStaff },
  "setLinkStatus: buyer, REMOVED": { who: "requester may withdraw", roles: buyerSide },
  setLinkTerms: { who: "supplier owner,manager", roles: managers },
  listMyLinks: everyone,
  getLink: { who: "either side", roles: anyone },

  listCatalog: everyone,
  listProducts: everyone,
  createProduct: ownersAndManagers,
  getProduct: { who: "own or linked", roles: anyone },
  updateProduct: ownersAndManagers,
  archiveProduct: ownersAndManagers,
  removeProductImage: ownersAndManagers,
  addProductImage: ownersAndManagers,
  importProducts: ownersAndManagers,
  exportProducts: ownersAndManagers,
  getJob: { who: "who started it", roles: buyerSide },

  listFamilies: everyone,
  createFamily: ownersAndManagers,
  getFamily: everyone,
  updateFamily: ownersAndManagers,
  deleteFamily: ownersAndManagers,
  listIdentities: everyone,
  createIdentity: ownersAndManagers,
  getIdentity: everyone,
  getIdentityByUpisH: everyone,
  listVariants: everyone,
  createVariant: ownersAndManagers,
  getVariant: everyone,
  getVariantBySku: everyone,
  listBundleComponents: everyone,
  addBundleComponent: ownersAndManagers,
  removeBundleComponent: ownersAndManagers,
  getBillOfMaterials: everyone,
  listBundlesOfComponent: everyone,
  getBundleAvailability: everyone,

  getUnitCounts: everyone,
  listUnits: everyone,
  receiveUnits: warehouse,
  getUnit: everyone,
  reserveUnit: warehouseAndSales,
  releaseUnit: warehouseAndSales,
  sellUnit: warehouseAndSales,
  moveUnit: warehouse,
  damageUnit: warehouse,
  returnUnit: warehouse,
  listWarehouses: everyone,
  getWarehouse: everyone,
  createWarehouse: { who: "manager+", roles: managers },
  updateWarehouse: { who: "manager+", roles: managers },
  deleteWarehouse: ownersAndAdmins,
  listLevels: everyone,
  listProductLevels: everyone,
  listExpiringStock: everyone,
  listLowStock: everyone,
  getStockValue: { who: "owner,admin,manager", roles: managers },
  listStockMovements: everyone,
  recordStockMovements: { who: "warehouse_op,staff,manager", roles: [...managers, "warehouse_op", "staff"] },
  getStockMovement: everyone,
  traceLot: ownersAndManagers,
  holdLot: ownersAndManagers,
  recallLot: ownersAndManagers,

  uploadFile: everyone,
  getFile: { who: "who may see what it belongs to", roles: anyone, isPlatforms: true },
  getFileContent: { who: "signed URL or bearer", roles: anyone, isPlatforms: true },
  deleteFile: { who: "uploader,admin", roles: anyone },

  "placeOrder: buyer": buyers,
  "placeOrder: supplier, for a linked buyer": { who: "supplier staff for a linked buyer", roles: supplierStaff },
  listMyOrders: everyone,
  getOrder: { who: "either side", roles: anyone },
  importOrders: buyers,
  exportOrders: everyone,
  "setOrderStatus: supplier, ACCEPTED": { who: "as the state machine says: S", roles: supplierStaff },
  "setOrderStatus: supplier, REJECTED": { who: "as the state machine says: S", roles: supplierStaff },
  "setOrderStatus: supplier, IN_DELIVERY": { who: "as the state machine says: S, W", roles: [...supplierStaff, "warehouse_op"] },
  "setOrderStatus: supplier, FAILED_DELIVERY": { who: "as the state machine says: S, W", roles: [...supplierStaff, "warehouse_op"] },
  "setOrderStatus: supplier, COMPLETED": { who: "as the state machine says: S", roles: supplierStaff },
  "setOrderStatus: supplier, CANCELLED": { who: "as the state machine says: S", roles: supplierStaff },
  "setOrderStatus: buyer, CANCELLED": { who: "as the state machine says: B", roles: buyerSide },
  "setOrderStatus: buyer, COMPLETED": { who: "as the state machine says: B", roles: buyerSide },
  "setOrderStatus: buyer, ACCEPTED": { who: "as the state machine says: B, of what was AMENDED", roles: buyerSide },
  reorder: buyers,

  openComplaint: { who: "either side of the order", roles: [...supplierStaff, "buyer", "stockist"] },
  listComplaints: everyone,
  getComplaint: { who: "either side", roles: anyone },
  "assignComplaint: oneself": { who: "sales_rep (self)", roles: supplierStaff },
  "assignComplaint: another": { who: "manager+ with {assignee_id}", roles: managers },
  escalateComplaint: { who: "sales_rep,manager", roles: supplierStaff },
  resolveComplaint: { who: "handler,manager", roles: supplierStaff },
  confirmResolution: buyers,
  reopenComplaint: buyers,
  withdrawComplaint: { who: "its creator's side", roles: [...supplierStaff, "buyer", "stockist"] },
  exportComplaints: { who: "supplier staff", roles: supplierStaff },
  listNotifications: { ...everyone, isPlatforms: true },
  readNotification: { ...everyone, isPlatforms: true },
  getNotificationPreferences: { ...everyone, isPlatforms: true },
  setNotificationPreferences: { ...everyone, isPlatforms: true },
  listEvents: everyone,
  getEvent: everyone,
  openChatSocket: everyone,
  issueChatTicket: everyone,
  listConversations: everyone,
  listMessages: { who: "participant", roles: anyone },
  listHistory: everyone,
  markConversationRead: { who: "participant", roles: anyone },
  listCannedReplies: { who: "supplier staff", roles: supplierStaff },
  createCannedReply: { who: "supplier staff", roles: supplierStaff },
  deleteCannedReply: { who: "supplier staff", roles: supplierStaff },

  listAuditLogs: { who: "owner,admin; platform: all", roles: admins, isPlatforms: true },
  getAuditLog: { who: "owner,admin", roles: admins, isPlatforms: true },

  listWebhooks: ownersAndAdmins,
  createWebhook: ownersAndAdmins,
  updateWebhook: ownersAndAdmins,
  deleteWebhook: ownersAndAdmins,
  listWebhookDeliveries: ownersAndAdmins,
  replayWebhookDelivery: ownersAndAdmins,

  getMetrics: platform,
  reconcileLedger: platform,
  rebuildLedger: platform,
  listDeadLetters: platform,
  replayDeadLetter: platform,
  devFoundOrganizations: platform,
  devReplayPast: platform,
}
