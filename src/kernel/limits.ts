/** A limit on everything, with its unit in its name. What an operator may change is in `platform/env.ts` instead. */
export const limits = {
  pageSizeDefault: 50,
  pageSizeMax: 100,
  cursorCharsMax: 1_000,
  searchCharsMax: 100,
  searchTermsMax: 8,
  filterScanRowsMax: 500,
  sortSuppliersMax: 50,

  /** Requests of one principal that an isolate pays for at once; wrangler.toml's RATE_PRINCIPAL counts in these. */
  principalLeaseRequests: 10,
  principalLeaseSeconds: 10,
  principalLeasesMax: 10_000,

  /** A body that anybody may send without saying who they are. */
  publicBodyBytesMax: 16_384,

  idempotencyKeyCharsMax: 255,
  idempotencyHoursKept: 24,

  nameCharsMax: 200,
  descriptionCharsMax: 4_000,
  noteCharsMax: 2_000,
  reasonCharsMax: 500,
  skuCharsMax: 64,
  categoryCharsMax: 100,
  unitCharsMax: 20,
  emailCharsMax: 254,
  passwordCharsMin: 8,
  passwordCharsMax: 128,
  rolesPerUserMax: 20,
  permissionsPerRoleMax: 200,
  customRolesMax: 100,
  apiKeysMax: 100,
  openInvitationsMax: 500,

  orderLinesMax: 200,
  /** Thousandths of a unit: a billion units. */
  quantityMilliMax: 1_000_000_000_000,
  /** Minor units: ten billion of a currency with cents. */
  moneyMinorMax: 1_000_000_000_000,

  accessTokenSeconds: 15 * 60,
  /** Tokens whose signature an isolate remembers to have verified. */
  verifiedTokensMax: 2_000,
  refreshTokenDays: 7,
  resetTokenMinutes: 60,
  invitationDays: 7,
  apiKeyCacheSeconds: 600,
  revocationPollSeconds: 10,
  revocationStaleSecondsMax: 60,
  revocationRowsMax: 1_000,

  outboxKeysMax: 500,
  outboxBytesMax: 1_000_000,
  outboxLateMs: 5_000,
  relayRetryMs: 1_000,
  relayRetryMsMax: 30_000,
  commandHoursKept: 24,
  alarmRowsMax: 1_000,
  reconcilePageRows: 200,
  reconcileMinutes: 60,

  /** What a file's type and an image's size are found in; a header further back is none. */
  fileHeadBytesMax: 1_048_576,
  /** R2 takes a stream of unknown length in parts of five MiB or more, all alike but the last. */
  filePartBytes: 5_242_880,
  fileNameCharsMax: 200,
  formFieldBytesMax: 4_096,
  formPartsMax: 10,
  /** What a form's boundaries, headers and fields may add to the file in it. */
  formOverheadBytesMax: 65_536,
  filesAttachedMax: 20,
  productImagesMax: 10,
  kybDocumentsMax: 10,
  imagePixelsMax: 50_000_000,
  imageSidePixelsMax: 30_000,
  signedUrlMinutes: 15,
  fileUploadMinutes: 60,
  fileUnattachedHours: 24,
  fileSweepRowsMax: 100,
  fileSweepBatchesMax: 10,
  fileOrphanPagesMax: 10,
} as const
