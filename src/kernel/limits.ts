import { stockLimits } from "./stock-limits.ts"

/** A limit on everything, with its unit in its name. What an operator may change is in `platform/env.ts` instead. */
export const limits = {
  ...stockLimits,
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
  familyCodeMax: 99_999,
  /** The local component index of a part in its family. */
  lciMax: 99,
  /** How long a part's number is kept for the request that was given it. */
  lciHoldSeconds: 60,
  /** Variants that an identity is shown with; the list of variants has them all. */
  identityVariantsShownMax: 100,
  /** Levels of bundles in bundles, from the top one to its last leaf. */
  bundleLevelsMax: 8,
  /** Products below a bundle, on all levels together; as many as an order can have lines. */
  bundlePartsMax: 200,
  bundleComponentsMax: 100,
  /** Bundles above one that gets another component: each is checked again. */
  bundleParentsMax: 500,
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

  complaintReopensMax: 2,
  complaintEvidenceFilesMax: 10,
  complaintsPerOrderMax: 50,
  /** Entries of a complaint's history from which on it is not handed round any more. */
  complaintStepsMax: 100,
  exportPageRows: 500,
  /** Orders come with their lines. */
  exportPageOrders: 100,
  exportRowsMax: 100_000,
  importRowsMax: 100_000,
  /** What one file may add to suppliers' ledgers. */
  importOrdersMax: 10_000,
  /** Rows that are held at once: of one order, or of some between which rows cannot be read. */
  importRowsTogetherMax: 1_000,
  importColumnsMax: 100,
  /** Of an organization: each of them gives ledgers work. */
  importsAtOnceMax: 5,
  importRecordBytesMax: 65_536,
  /** Rows that an import gives a ledger in one call: everybody else's commands wait for no more than these. */
  importBatchRows: 20,
  /** Orders of an import that a ledger gets in one call, and the rows of a file that are read for them. */
  importBatchOrders: 10,
  /** Batches of one alarm, and how often an import that fails is tried again, later each time. */
  importBatchesPerAlarm: 100,
  /** Between the batches of whatever takes long: what others' requests have the thread for. */
  pauseMs: 10,
  importRowsCountedAtOnce: 1_000,
  importRetryMs: 2_000,
  importRetryMsMax: 60_000,
  /** How long an import of orders rests where who started it may place no more for now. */
  importRestMs: 5_000,
  /** After so many failed tries at writing it, a file of failed rows is done without. */
  importErrorsFileTriesMax: 8,
  /** Well within the time that a ledger remembers commands: a row that is sent again is known again. */
  importHoursMax: 12,
  /** How long the files of an import are kept, and what became of it. */
  importFileDaysKept: 7,
  importJobDaysKept: 90,
  importSweepSeconds: 120,
  importSweepRowsMax: 50,
  importFailuresPageRows: 200,
  importReasonCharsMax: 1_000,
  webhooksMax: 20,
  webhookEventTypesMax: 50,
  webhookUrlCharsMax: 2_000,
  /** A body as it is sent; larger ones give way to ids and a link. */
  webhookPayloadBytesMax: 20_000,
  webhookSecretBytes: 32,
  webhookSecretsMax: 5,
  webhookSecretOverlapHours: 24,
  webhookTimeoutMs: 10_000,
  webhookAnswerBytesRead: 300,
  /** How long an attempt has a delivery to itself; longer than the request and its bookkeeping take. */
  webhookLeaseMs: 60_000,
  /** What an unanswered queue message is waited for before the sweep sends another. */
  webhookWakeAgainMs: 120_000,
  webhookAttemptsKept: 20,
  /**
   * Attempts under way at a time: of one consumer (a Worker has six connections that wait for an answer, and the queue
   * needs one), of an organization and of an endpoint. Each is less than the one before, so that none fills it alone.
   */
  webhookAttemptsAtOnce: 5,
  webhookAttemptsPerOrganization: 4,
  webhookAttemptsPerEndpoint: 2,
  /** When the sweep looks at a delivery that waits for others of its endpoint, which take it on as they end. */
  webhookParkedMs: 3_600_000,
  /** Deliveries that one message works off, one after the other, and how long it goes on. */
  webhookLaneAttemptsMax: 50,
  webhookLaneMs: 30_000,
  webhookFailingDaysMax: 5,
  webhookDeliveryDaysKept: 30,
  webhookSweepRows: 1_000,
  webhookSweepBatchesMax: 10,

  orderLinesMax: 200,
  /** How often an order is sent out before somebody else than the driver should think about it. */
  orderDeliveriesMax: 20,
  packsPerProductMax: 20,
  shelfLifeDaysMax: 3_650,
  /** A link's price list is one row, which the ledger reads with each order. */
  priceListProductsMax: 1_000,
  priceTiersMax: 10,
  leadTimeDaysMax: 90,
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

  /** Told are at most so many of an organization for each event, by either channel: the one it is assigned to, then the longest there. */
  recipientsPerEventMax: 200,
  /** Of an organization's people so many are asked whether an event concerns them, the longest there first. */
  recipientCandidatesMax: 2_000,
  notificationTitleCharsMax: 200,
  notificationBodyCharsMax: 500,
  /** Counting stops here, as people do: "99+". */
  unreadCountMax: 100,
  markReadRowsMax: 500,
  notificationDaysKept: 180,
  readNotificationDaysKept: 30,

  /** What stands in a mail of somebody's own words: a name, a reason. */
  mailValueCharsMax: 300,
  mailSubjectCharsMax: 200,
  /** Mails of one event type that a person gets in an hour, whatever others do; what comes beyond is told in the app alone. */
  mailsPerTypeAndHourMax: 20,
  /** Mails that a worker takes on at once, and how often in one run. */
  mailLeaseRows: 10,
  mailLeasesMax: 10,
  /** Longer than sending a whole lease takes at its slowest. */
  mailLeaseSeconds: 180,
  mailSendSeconds: 10,
  mailAttemptsMax: 8,
  /** A mail older than this says nothing new; well within the 24 hours that the mail service remembers its key. */
  mailHoursMax: 20,
  mailDaysKept: 30,
  /** Organizations with mails that wait, due or not, that the sweep goes over, and those of them that it wakes. */
  mailOrganizationsLookedAtMax: 2_000,
  mailOrganizationsPerSweepMax: 100,

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
  /** After how long an organization that is behind is looked at again: at the next sweep, which comes each minute. */
  sweepAgainSeconds: 50,
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

  /** What a file's type and an image's size are found in; a header further back is none. */
  fileHeadBytesMax: 1_048_576,
  /** R2 takes a stream of unknown length in parts of five MiB or more, all alike but the last. */
  filePartBytes: 5_242_880,
  /** What an isolate holds of uploads that do not say their length: eight parts, of its 128 MB. */
  uploadsHeldBytesMax: 8 * 5_242_880,
  uploadRetrySeconds: 5,
  /** A sender may pause for so long, at its beginning too; apart from that it keeps up a pace, in bytes a second. */
  uploadPauseSecondsMax: 20,
  uploadBytesPerSecondMin: 32_768,
  /** Longer than a pause and than R2 takes for a part: an upload that was silent for so long belongs to a request that died. */
  uploadSilentSecondsMax: 90,
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
  chatContentCharsMax: 4_000,
  chatFrameBytesMax: 32_768,
  /** A user's allowance of frames, and how fast it comes back. */
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
  /** How long one object waits for another, and a request for an object. */
  objectCallMsMax: 10_000,
  /** A poke waits for the hub to read what is new, a revocation for every inbox it concerns. */
  hubCallMsMax: 30_000,
  /** A ledger answers a command by then, though D1 be slow; and comparing, rebuilding or filling it, by then. */
  ledgerCallMsMax: 30_000,
  ledgerUpkeepMsMax: 600_000,
  /** Who reconnects within it was never gone. */
  chatAwayMs: 10_000,
  /** How often an inbox with open sockets looks itself for revocations. */
  chatRevocationLookMs: 60_000,
  /** How long nobody knows whether a message was stored, before its room is asked: longer than all tries to store it take. */
  chatClaimMs: 120_000,
  cannedRepliesMax: 500,
  cannedReplyPlaceholdersMax: 20,
} as const
