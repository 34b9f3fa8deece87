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

  chatContentCharsMax: 4_000,
  chatFrameBytesMax: 32_768,
  /** A socket's allowance of frames, and how fast it comes back. */
  chatFramesBurst: 240,
  chatFramesPerSecond: 60,
  chatClientIdCharsMax: 64,
  chatAttachmentsMax: 10,
  chatProductsMax: 20,
  chatTicketSeconds: 30,
  chatTicketsMax: 20,
  chatSocketsPerUserMax: 10,
  chatMembersPerRoomMax: 500,
  chatLiveUsersMax: 500,
  chatResumeConversationsMax: 200,
  /** Messages of one conversation that a resume brings; the client asks again for the rest. */
  chatResumeMessagesMax: 500,
  /** Messages of all conversations after which a resume asks no further room; `more` names what is left. */
  chatResumeTotalMessages: 1_000,
  /** Frames that one counts for which asks many rooms, or D1. */
  chatDearFrameCost: 10,
  chatBatchMessagesMax: 50,
  chatRecipientsKeptMax: 1_000,
  /** How long a quiet conversation still hears who comes and goes. */
  chatSubscriptionMinutes: 10,
  /** Lists hear of a conversation's messages at most this often. */
  chatFollowMs: 1_000,
  chatRetryMs: 5_000,
  /** How long a new socket's messages wait for its resume, so that what it missed comes first. */
  chatHoldMs: 500,
  chatTypingMs: 2_000,
  chatCallMsMax: 10_000,
  /** Who reconnects within it was never gone. */
  chatAwayMs: 10_000,
  cannedRepliesMax: 500,
  cannedReplyPlaceholdersMax: 20,
} as const
