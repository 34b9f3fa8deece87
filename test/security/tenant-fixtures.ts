import type { Order, Tenant } from "../support/tenants.ts"

/** How the caller stands to A, whose rows are asked for. */
export type Relation = "stranger" | "pending" | "blocked" | "partner"

/** Who there is: A, whose rows are asked for; C, who buys from A and from B; `me`, who asks. */
export type Cast = {
  readonly relation: Relation
  readonly a: Tenant
  readonly c: Tenant
  readonly me: Tenant
  /** A's link and order with C. When C is the one who asks, with another buyer of A's. */
  readonly linkId: string
  readonly order: Order
  /** About that order. */
  readonly complaintId: string
  readonly unknownFileId: string
  readonly unknownLetterId: string
}

export type Attempt = {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** `404 NOT_FOUND`, or a status alone where it is a success that must show nothing of A's. */
  readonly answers: string | number
  /** A's id and name may stand in the answer: the directory's entry, the caller's own link. */
  readonly showsOrganization?: boolean
}

/** What somebody tries with A's ids, or why there is nothing to try. */
type Fixture = ((cast: Cast) => readonly Attempt[]) | { readonly nothing: string }

const hidden = "404 NOT_FOUND"
const forPlatform = "403 FORBIDDEN"

const public_ = (why: string): Fixture => ({ nothing: why })

const complaintStep = (operationId: string, bodies: (cast: Cast) => readonly unknown[] = () => [{}]): Record<string, Fixture> => ({
  [operationId]: (cast) => bodies(cast).map((body) => ({ params: { id: cast.complaintId }, body, answers: hidden })),
})

const unitStep = (operationId: string, bodies: (a: Cast["a"]) => readonly unknown[] = () => [{}]): Record<string, Fixture> => ({
  [operationId]: ({ a }) => bodies(a).map((body) => ({ params: { id: a.unitId }, body, answers: hidden })),
})

const aboutLot = (operationId: string, body?: unknown): Record<string, Fixture> => ({
  [operationId]: ({ a }) =>
    [{}, { product_id: a.otherProductId }].map((query) => ({
      params: { lot_number: a.lotNumber },
      query,
      ...(body === undefined ? {} : { body }),
      answers: hidden,
    })),
})

/**
 * Every operation, by its id. A new route without a line here fails the sweep. 404 wherever an id of A's names a row;
 * what else is refused is documented in the contract: platform routes by permission, ordering by link.
 */
export const fixtures: Readonly<Record<string, Fixture>> = {
  // Auth
  register: public_("founds an organization of one's own; an invitation's token is itself the right to redeem it"),
  signIn: ({ a }) => [{ body: { email: a.owner.email, password: "a-guess-at-a-password" }, answers: "401 INVALID_CREDENTIALS" }],
  refreshSession: ({ a }) => [
    {
      body: { refresh_token: `${a.owner.refreshToken.split(".")[0]}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA` },
      answers: "401 UNAUTHENTICATED",
    },
  ],
  signOut: public_("ends the session that asks; that a stranger's refresh token ends nothing stands in its own test below"),
  forgotPassword: public_("says the same of every address, and writes to the person alone"),
  resetPassword: () => [
    { body: { token: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", password: "correct horse battery" }, answers: "401 TOKEN_EXPIRED" },
  ],
  readMe: () => [{ answers: 200 }],
  updateMe: public_("changes the person who asks"),
  changePassword: public_("changes the person who asks"),
  listSessions: () => [{ answers: 200 }],
  endSession: ({ a }) => [{ params: { id: a.sessionId }, answers: hidden }],
  readKeptMails: public_("does not exist outside development"),

  // Users
  listUsers: () => [{ answers: 200 }],
  createUser: ({ a }) => [
    {
      body: { email: "somebody-new@example.test", full_name: "Somebody New", password: "correct horse battery", roles: [a.roleName] },
      answers: "422 VALIDATION_FAILED",
    },
    {
      body: { email: a.clerk.email, full_name: "Somebody New", password: "correct horse battery", roles: ["staff"] },
      answers: "409 EMAIL_TAKEN",
    },
  ],
  getUser: ({ a }) => [
    { params: { id: a.owner.id }, answers: hidden },
    { params: { id: a.clerk.id }, answers: hidden },
  ],
  updateUser: ({ a, me }) => [
    { params: { id: a.clerk.id }, body: { full_name: "Mine Now" }, answers: hidden },
    { params: { id: a.clerk.id }, body: { is_active: false }, answers: hidden },
    { params: { id: me.clerk.id }, body: { email: a.clerk.email }, answers: "409 EMAIL_TAKEN" },
  ],
  disableUser: ({ a }) => [{ params: { id: a.clerk.id }, answers: hidden }],
  assignRoles: ({ a, me }) => [
    { params: { id: a.clerk.id }, body: { roles: ["staff"] }, answers: hidden },
    { params: { id: me.clerk.id }, body: { roles: [a.roleName] }, answers: "422 VALIDATION_FAILED" },
  ],

  // Roles, invitations, keys
  listRoles: () => [{ answers: 200 }],
  defineRole: public_("a role's name is its organization's own; there is no id to name"),
  changeRole: ({ a }) => [{ params: { id: a.roleId }, body: { description: "Mine now" }, answers: hidden }],
  deleteRole: ({ a }) => [{ params: { id: a.roleId }, answers: hidden }],
  listInvitations: () => [{ answers: 200 }],
  invite: ({ a }) => [
    { body: { email: "somebody-new@example.test", roles: [a.roleName] }, answers: "422 VALIDATION_FAILED" },
    { body: { email: a.owner.email, roles: ["staff"] }, answers: "409 EMAIL_TAKEN" },
  ],
  withdrawInvitation: ({ a }) => [{ params: { id: a.invitationId }, answers: hidden }],
  listApiKeys: () => [{ answers: 200 }],
  createApiKey: public_("there is no id to name"),
  revokeApiKey: ({ a }) => [{ params: { id: a.apiKeyId }, answers: hidden }],

  // Organizations
  listOrganizations: () => [{ answers: forPlatform }],
  createOrganization: () => [{ body: { name: "Another Firm", capabilities: ["supplier"] }, answers: forPlatform }],
  listDirectory: () => [{ answers: 200, showsOrganization: true }],
  getOrganization: ({ a }) => [{ params: { id: a.org.id }, answers: hidden }],
  updateOrganization: ({ a, me }) => [
    { params: { id: a.org.id }, body: { name: "Mine Now" }, answers: hidden },
    { params: { id: me.org.id }, body: { slug: a.org.slug }, answers: "409 CONFLICT" },
  ],
  deactivateOrganization: ({ a }) => [{ params: { id: a.org.id }, answers: hidden }],
  submitKyb: ({ a, me }) => [
    { params: { id: a.org.id }, body: {}, answers: hidden },
    { params: { id: me.org.id }, body: { documents: [a.fileId] }, answers: "422 VALIDATION_FAILED" },
  ],
  decideKyb: ({ a }) => [{ params: { id: a.org.id }, body: { status: "VERIFIED" }, answers: forPlatform }],

  // Links
  requestLink: ({ relation, a, c, me }) => [
    ...(relation === "stranger"
      ? []
      : [{ body: { supplier_id: a.org.id }, answers: relation === "blocked" ? "409 LINK_BLOCKED" : "409 LINK_EXISTS" }]),
    ...(me === c ? [] : [{ body: { supplier_id: c.org.id }, answers: "403 CAPABILITY_MISSING" }]),
  ],
  listMyLinks: ({ relation }) => [
    { answers: 200, showsOrganization: relation !== "stranger" },
    { query: { side: "supplier" }, answers: 200 },
    { query: { status: "REJECTED" }, answers: 200 },
  ],
  getLink: ({ linkId }) => [{ params: { id: linkId }, answers: hidden }],
  setLinkTerms: ({ linkId, a }) => [
    { params: { id: linkId }, body: { discount_percent: 5, price_list: [{ product_id: a.productId, price: "0.01" }] }, answers: hidden },
  ],
  setLinkStatus: ({ linkId }) =>
    ["APPROVED", "REJECTED", "BLOCKED", "REMOVED"].map((status) => ({ params: { id: linkId }, body: { status }, answers: hidden })),

  // Products
  listCatalog: ({ relation, a }) =>
    relation === "partner"
      ? []
      : [
          { answers: 200 },
          { query: { supplier_id: a.org.id }, answers: 200 },
          { query: { q: a.sku }, answers: 200 },
          { query: { q: a.sku, supplier_id: a.org.id }, answers: 200 },
          { query: { supplier_id: a.org.id, sort: "price" }, answers: 200 },
          { query: { sort: "-name", in_stock: "true" }, answers: 200 },
          { query: { supplier_id: a.org.id, in_stock: "true", min_price: "1" }, answers: 200 },
        ],
  listProducts: () => [{ answers: 200 }, { query: { is_active: "true" }, answers: 200 }],
  createProduct: ({ a }) => [
    {
      body: { sku: "THEIRS", name: "Theirs", price: "1.00", min_stock_levels: [{ warehouse_id: a.warehouseId, quantity: 1 }] },
      answers: "422 VALIDATION_FAILED",
    },
  ],
  getProduct: ({ relation, a }) => (relation === "partner" ? [] : [{ params: { id: a.productId }, answers: hidden }]),
  updateProduct: ({ a, me }) => [
    {
      params: { id: me.productId },
      body: { min_stock_levels: [{ warehouse_id: a.warehouseId, quantity: 1 }] },
      answers: "422 VALIDATION_FAILED",
    },
    { params: { id: a.productId }, body: { price: "0.01" }, answers: hidden },
    { params: { id: a.productId }, body: { stock_quantity: 0 }, answers: hidden },
  ],
  archiveProduct: ({ a }) => [{ params: { id: a.productId }, answers: hidden }],
  addProductImage: ({ a, me }) => [
    { params: { id: a.productId }, body: { file_id: a.fileId }, answers: hidden },
    { params: { id: a.productId }, body: { file_id: me.fileId }, answers: hidden },
    { params: { id: me.productId }, body: { file_id: a.fileId }, answers: "422 VALIDATION_FAILED" },
  ],
  importProducts: ({ a }) => [{ body: { file_id: a.fileId }, answers: "422 VALIDATION_FAILED" }],
  exportProducts: () => [{ answers: 200 }],
  importOrders: ({ a, me }) => [
    { body: { file_id: a.fileId }, query: { supplier_id: a.org.id }, answers: "422 VALIDATION_FAILED" },
    { body: { file_id: me.fileId }, query: { supplier_id: a.org.id }, answers: "422 VALIDATION_FAILED" },
  ],
  exportOrders: () => [{ answers: 200 }],
  getJob: ({ a }) => [{ params: { id: a.jobId }, answers: hidden }],
  removeProductImage: ({ a, unknownFileId }) => [
    { params: { id: a.productId, file_id: unknownFileId }, answers: hidden },
    { params: { id: a.productId, file_id: a.imageId }, answers: hidden },
  ],

  // Product hub
  listFamilies: () => [{ answers: 200 }],
  createFamily: public_("there is no id to name; a code is its organization's own"),
  getFamily: ({ a }) => [{ params: { id: a.familyId }, answers: hidden }],
  updateFamily: ({ a }) => [{ params: { id: a.familyId }, body: { name: "Mine Now" }, answers: hidden }],
  deleteFamily: ({ a }) => [{ params: { id: a.familyId }, answers: hidden }],
  listIdentities: ({ a }) => [{ answers: 200 }, { query: { family_id: a.familyId }, answers: 200 }],
  createIdentity: ({ a }) => [
    { body: { family_id: a.familyId, type: "PART" }, answers: hidden },
    { body: { family_id: a.familyId, type: "KIT" }, answers: hidden },
  ],
  getIdentity: ({ a }) => [{ params: { id: a.identityId }, answers: hidden }],
  getIdentityByUpisH: ({ a }) => [{ params: { upis_h: a.upisH }, answers: hidden }],
  listVariants: ({ a }) => [{ answers: 200 }, { query: { identity_id: a.identityId }, answers: 200 }],
  createVariant: ({ a, me }) => [
    {
      body: { identity_id: a.identityId, price: "0.01", min_stock_levels: [{ warehouse_id: a.warehouseId, quantity: 1 }] },
      answers: hidden,
    },
    { body: { identity_id: a.identityId, product_id: me.productId }, answers: hidden },
    { body: { identity_id: me.identityId, product_id: a.productId }, answers: hidden },
  ],
  getVariant: ({ a }) => [{ params: { id: a.variantId }, answers: hidden }],
  getVariantBySku: ({ a }) => [{ params: { full_sku: a.variantSku }, answers: hidden }],

  // Bundles
  listBundleComponents: () => [{ answers: 200 }],
  addBundleComponent: ({ a, me }) => [
    { body: { parent_id: a.variantId, child_id: a.productId, quantity: 1 }, answers: hidden },
    { body: { parent_id: a.variantId, child_id: me.productId, quantity: 1 }, answers: hidden },
    { body: { parent_id: me.variantId, child_id: a.productId, quantity: 1 }, answers: hidden },
  ],
  removeBundleComponent: ({ a }) => [{ params: { id: a.componentId }, answers: hidden }],
  getBillOfMaterials: ({ a }) => [
    { params: { id: a.variantId }, answers: hidden },
    { params: { id: a.variantId }, query: { deep: "true" }, answers: hidden },
  ],
  listBundlesOfComponent: ({ a }) => [{ params: { id: a.otherProductId }, answers: hidden }],
  getBundleAvailability: ({ a }) => [{ params: { id: a.variantId }, answers: hidden }],

  // Units
  getUnitCounts: ({ a }) => [{ params: { product_id: a.otherProductId }, answers: hidden }],
  listUnits: ({ a }) => [
    { answers: 200 },
    { query: { product_id: a.otherProductId }, answers: 200 },
    { query: { warehouse_id: a.warehouseId }, answers: 200 },
    { query: { product_id: a.otherProductId, status: "AVAILABLE" }, answers: 200 },
  ],
  receiveUnits: ({ a, me }) => [
    { body: { product_id: a.otherProductId, serial: "A-STRANGER" }, answers: "422 VALIDATION_FAILED" },
    { body: { product_id: me.otherProductId, serial: "A-STRANGER", warehouse_id: a.warehouseId }, answers: "422 VALIDATION_FAILED" },
  ],
  getUnit: ({ a }) => [{ params: { id: a.unitId }, answers: hidden }],
  ...unitStep("reserveUnit"),
  ...unitStep("releaseUnit", ({ warehouseId }) => [{}, { warehouse_id: warehouseId }]),
  ...unitStep("sellUnit"),
  ...unitStep("damageUnit"),
  ...unitStep("returnUnit", ({ warehouseId }) => [{}, { warehouse_id: warehouseId }]),
  moveUnit: ({ a, me }) => [
    { params: { id: a.unitId }, body: { to_warehouse_id: me.warehouseId }, answers: hidden },
    { params: { id: me.unitId }, body: { to_warehouse_id: a.warehouseId }, answers: "422 VALIDATION_FAILED" },
  ],
  // Stock movements and lots
  listStockMovements: ({ a }) => [
    { answers: 200 },
    { query: { product_id: a.otherProductId }, answers: 200 },
    { query: { product_id: a.otherProductId, type: "IN" }, answers: 200 },
    { query: { warehouse_id: a.locationId }, answers: 200 },
  ],
  recordStockMovements: ({ a, me }) => [
    { body: { type: "OUT", product_id: a.otherProductId, quantity: 1, lot_number: a.lotNumber }, answers: "422 VALIDATION_FAILED" },
    { body: { type: "IN", product_id: me.productId, quantity: 1, corrects: a.movementId }, answers: "422 VALIDATION_FAILED" },
    { body: { type: "OUT", product_id: me.productId, quantity: 1, receives: a.movementId }, answers: "422 VALIDATION_FAILED" },
    { body: { type: "OUT", product_id: me.productId, quantity: 1, warehouse_id: a.locationId }, answers: "422 VALIDATION_FAILED" },
    { body: { type: "TRANSFER", product_id: me.productId, quantity: 1, to_warehouse_id: a.locationId }, answers: "422 VALIDATION_FAILED" },
    {
      body: { items: [{ type: "OUT", product_id: a.otherProductId, quantity: 1 }], on_error: "reject_failed" },
      answers: "422 VALIDATION_FAILED",
    },
  ],
  getStockMovement: ({ a }) => [{ params: { id: a.movementId }, answers: hidden }],
  ...aboutLot("traceLot"),
  ...aboutLot("holdLot", { hold: true }),
  ...aboutLot("recallLot", { reason: "Mine now" }),

  // Orders
  placeOrder: ({ relation, a, c, me }) => [
    ...(relation === "partner"
      ? []
      : [{ body: { supplier_id: a.org.id, items: [{ product_id: a.productId, quantity: 1 }] }, answers: "403 LINK_NOT_APPROVED" }]),
    {
      body: { supplier_id: me.org.id, buyer_id: a.org.id, items: [{ product_id: me.productId, quantity: 1 }] },
      answers: "403 LINK_NOT_APPROVED",
    },
    ...(me === c
      ? []
      : [
          {
            body: { supplier_id: me.org.id, buyer_id: c.org.id, items: [{ product_id: a.productId, quantity: 1 }] },
            answers: "422 VALIDATION_FAILED",
          },
          {
            body: { supplier_id: a.org.id, buyer_id: c.org.id, items: [{ product_id: a.productId, quantity: 1 }] },
            answers: "403 FORBIDDEN",
          },
        ]),
  ],
  listMyOrders: ({ relation, a }) =>
    relation === "partner"
      ? []
      : [{ answers: 200 }, { query: { q: a.org.name }, answers: 200 }, { query: { side: "buyer" }, answers: 200 }],
  getOrder: ({ order }) => [{ params: { id: order.id }, answers: hidden }],
  setOrderStatus: ({ a, order }) => [
    // Of a buyer's moves only; the others are refused before any row is looked up, whosever the order.
    ...["ACCEPTED", "CANCELLED", "COMPLETED"].map((status) => ({ params: { id: order.id }, body: { status }, answers: hidden })),
    {
      params: { id: order.id },
      // Whoever is not the supplier offers nothing, whosever the order.
      body: { status: "ACCEPTED", items: [{ item_id: order.lineId, quantity: 1, substitute_product_id: a.productId }] },
      answers: "422 VALIDATION_FAILED",
    },
    ...["REJECTED", "IN_DELIVERY", "FAILED_DELIVERY"].map((status) => ({
      params: { id: order.id },
      body: { status },
      answers: "403 FORBIDDEN",
    })),
  ],
  reorder: ({ order }) => [{ params: { id: order.id }, body: {}, answers: hidden }],

  // Complaints
  openComplaint: ({ order, unknownFileId }) => [
    {
      body: { order_id: order.id, order_line_id: order.lineId, title: "Mine", description: "Mine now", evidence: [unknownFileId] },
      answers: hidden,
    },
  ],
  listComplaints: ({ a, order }) => [
    { query: { order_id: order.id }, answers: 200 },
    { query: { assignee: a.clerk.id }, answers: 200 },
    { query: { assignee: a.clerk.id, status: "ASSIGNED", order_id: order.id }, answers: 200 },
  ],
  exportComplaints: () => [{ answers: 200 }],
  getComplaint: ({ complaintId }) => [{ params: { id: complaintId }, answers: hidden }],
  ...complaintStep("assignComplaint", ({ a, me }) => [{}, { assignee_id: a.clerk.id }, { assignee_id: me.clerk.id }]),
  ...complaintStep("escalateComplaint"),
  ...complaintStep("resolveComplaint", () => [{ kind: "CREDIT", text: "Mine now" }]),
  ...complaintStep("confirmResolution"),
  ...complaintStep("reopenComplaint"),
  ...complaintStep("withdrawComplaint"),
  // Webhooks
  listWebhooks: () => [{ answers: 200 }],
  createWebhook: public_("there is no id to name"),
  updateWebhook: ({ a }) => [
    { params: { id: a.webhookId }, body: { url: "https://hooks.mine.example/now" }, answers: hidden },
    { params: { id: a.webhookId }, body: { rotate_secret: true }, answers: hidden },
  ],
  deleteWebhook: ({ a }) => [{ params: { id: a.webhookId }, answers: hidden }],
  listWebhookDeliveries: ({ a }) => [
    { params: { id: a.webhookId }, answers: hidden },
    { params: { id: a.webhookId }, query: { status: "PENDING" }, answers: hidden },
  ],
  replayWebhookDelivery: ({ a, me }) => [
    { params: { id: a.webhookId, delivery_id: a.deliveryId }, answers: hidden },
    { params: { id: me.webhookId, delivery_id: a.deliveryId }, answers: hidden },
  ],
  // Warehouses, stock
  listWarehouses: () => [{ answers: 200 }, { query: { kind: "WAREHOUSE" }, answers: 200 }],
  getWarehouse: ({ a }) => [{ params: { id: a.warehouseId }, answers: hidden }],
  // That the caller buys from A makes A no operator of the caller's: A would have to buy from it.
  createWarehouse: ({ a }) => [{ body: { code: "THEIRS", name: "Theirs", operator_id: a.org.id }, answers: "403 LINK_NOT_APPROVED" }],
  updateWarehouse: ({ a, me }) => [
    { params: { id: a.warehouseId }, body: { name: "Mine Now" }, answers: hidden },
    { params: { id: a.warehouseId }, body: { operator_id: me.org.id }, answers: hidden },
    { params: { id: me.warehouseId }, body: { operator_id: a.org.id }, answers: "403 LINK_NOT_APPROVED" },
  ],
  deleteWarehouse: ({ a }) => [{ params: { id: a.warehouseId }, answers: hidden }],
  listLevels: ({ a }) => [
    { answers: 200 },
    { query: { product_id: a.productId }, answers: 200 },
    { query: { warehouse_id: a.warehouseId }, answers: 200 },
    { query: { lot_number: "LOT-1" }, answers: 200 },
  ],
  listProductLevels: ({ a }) => [{ params: { product_id: a.productId }, answers: hidden }],
  listExpiringStock: () => [{ answers: 200 }],
  listLowStock: () => [{ answers: 200 }],
  getStockValue: () => [{ answers: 200 }],
  // Events
  listEvents: ({ relation }) => [
    { answers: 200, showsOrganization: relation !== "stranger" },
    { query: { type: "user.created" }, answers: 200 },
  ],
  getEvent: ({ a }) => [{ params: { id: a.eventId }, answers: hidden }],
  // Notifications
  listNotifications: () => [{ answers: 200 }, { query: { unread: "true" }, answers: 200 }],
  readNotification: ({ a }) => [{ params: { id: a.notificationId }, answers: hidden }],
  getNotificationPreferences: () => [{ answers: 200 }],
  setNotificationPreferences: public_("chooses for the person who asks"),
  confirmUnsubscribe: public_("the link's signature is itself the right; that nobody makes one for others stands in its own test"),
  unsubscribe: public_("the link's signature is itself the right; that nobody makes one for others stands in its own test"),
  // Files
  uploadFile: public_("there is no id to name; a file is its uploader's until something of their own refers to it"),
  getFile: ({ relation, a }) => [
    { params: { id: a.fileId }, answers: hidden },
    ...(relation === "partner" ? [] : [{ params: { id: a.imageId }, answers: hidden }]),
  ],
  getFileContent: ({ relation, a, me }) => [
    { params: { id: a.fileId }, answers: hidden },
    { params: { id: a.fileId }, query: { org: me.org.id, expires: "9999999999", signature: "0".repeat(64) }, answers: hidden },
    ...(relation === "partner" ? [] : [{ params: { id: a.imageId }, query: { width: "160" }, answers: hidden }]),
  ],
  deleteFile: ({ a }) => [
    { params: { id: a.fileId }, answers: hidden },
    { params: { id: a.imageId }, answers: hidden },
  ],
  // Chat
  openChatSocket: public_("opens one's own inbox; another's ticket or token is the right to open theirs"),
  issueChatTicket: public_("gives a ticket for one's own inbox"),
  listConversations: ({ relation }) => (relation === "partner" ? [] : [{ answers: 200 }]),
  listMessages: ({ linkId }) => [{ params: { id: `cnv_${linkId.slice(4)}` }, answers: hidden }],
  listHistory: ({ relation, a }) =>
    relation === "partner"
      ? []
      : [
          { params: { user_id: a.owner.id }, answers: hidden },
          { params: { user_id: a.clerk.id }, answers: hidden },
        ],
  markConversationRead: ({ linkId }) => [{ params: { id: `cnv_${linkId.slice(4)}` }, body: { up_to_seq: 0 }, answers: hidden }],
  listCannedReplies: () => [{ answers: 200 }],
  createCannedReply: public_("there is no id to name"),
  deleteCannedReply: ({ a }) => [{ params: { id: a.cannedReplyId }, answers: hidden }],

  // Audit
  listAuditLogs: ({ relation, a, order }) => [
    { answers: 200, showsOrganization: relation !== "stranger" },
    { query: { entity_id: a.productId }, answers: 200 },
    { query: { entity_id: order.id }, answers: 200 },
    { query: { actor_id: a.owner.id }, answers: 200, showsOrganization: relation !== "stranger" },
    { query: { organization_id: a.org.id }, answers: forPlatform },
  ],
  getAuditLog: ({ a }) => [
    { params: { id: a.auditId }, answers: hidden },
    { params: { id: a.auditId }, query: { organization_id: a.org.id }, answers: forPlatform },
  ],

  // The platform's own
  getMetrics: () => [{ answers: forPlatform }],
  reconcileLedger: ({ a }) => [{ params: { org_id: a.org.id }, answers: forPlatform }],
  rebuildLedger: ({ a }) => [{ params: { org_id: a.org.id }, answers: forPlatform }],
  listDeadLetters: () => [{ answers: forPlatform }],
  replayDeadLetter: ({ unknownLetterId }) => [{ params: { id: unknownLetterId }, answers: forPlatform }],
  getHealth: public_("says nothing of anybody"),
  getReadiness: public_("says nothing of anybody"),
  getOpenApiDocument: public_("says nothing of anybody"),
  getSwaggerUi: public_("says nothing of anybody"),
  getReDoc: public_("says nothing of anybody"),
  getDocsAsset: public_("says nothing of anybody"),
  devMakeSuperAdmin: public_("does not exist outside development"),
  devFoundOrganizations: () => [
    {
      body: {
        password: "correct horse battery",
        organizations: [{ name: "Another Firm", capabilities: ["supplier"], owner_email: "another@example.test", owner_name: "Another" }],
      },
      answers: forPlatform,
    },
  ],
  devReplayPast: ({ a, c }) => [
    { body: { supplier_id: a.org.id, links: [{ buyer_id: c.org.id, at: "2026-01-01", approved_at: "2026-01-02" }] }, answers: forPlatform },
    {
      body: {
        supplier_id: a.org.id,
        products: [
          {
            at: "2026-01-01",
            sku: "PAST",
            name: "Of the past",
            price: "1.00",
            min_stock_levels: [{ warehouse_id: a.locationId, quantity: 1 }],
          },
        ],
      },
      answers: forPlatform,
    },
    {
      body: {
        supplier_id: a.org.id,
        orders: [{ buyer_id: c.org.id, at: "2026-01-01", items: [{ product_id: a.productId, quantity: 1 }], moves: [] }],
      },
      answers: forPlatform,
    },
  ],
}
