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

  /** Events handed to the subscribers in one batch, and batches of one queue message. */
  dispatchEventsMax: 50,
  dispatchRoundsMax: 20,
  /** An event younger than this is left to the message that was sent when it happened. */
  dispatchLateSeconds: 15,
  /** How often a subscriber is given an event that it fails at, the first pause, and how many are given again at once. */
  retryFailuresMax: 5,
  retryPauseSeconds: 30,
  retryRowsMax: 50,
  sweepRowsMax: 500,
  sweepRoundsMax: 20,
  deadLetterDaysKept: 90,

  /** A stream that resumes from further back is told to start anew. */
  replayEventsMax: 1_000,
  hubPageRows: 100,
  hubPokeMsMax: 500,
  hubRetryMs: 500,
  hubRetryMsMax: 30_000,
  streamsPerOrganizationMax: 500,
  streamsPerActorMax: 10,
  streamHeartbeatSeconds: 20,
  /** What waits for a reader who is slower than the events; beyond it the stream ends, to be resumed. */
  streamBufferBytesMax: 1_048_576,
  streamTypesMax: 20,
  eventCallsAtOnce: 50,
  reconcilePageRows: 200,
  reconcileMinutes: 60,
} as const
