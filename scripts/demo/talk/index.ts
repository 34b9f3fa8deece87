import { type Chapter, storyOf } from "../story.ts"
import { aComplaintIsSettled } from "./a-complaint-is-settled.ts"
import { aPhotoIsSent } from "./a-photo-is-sent.ts"
import { anotherSystemListens } from "./another-system-listens.ts"
import { itHappensLive } from "./it-happens-live.ts"
import { mailsGoOut } from "./mails-go-out.ts"
import { Talk } from "./talk.ts"
import { theLinkIsBlocked } from "./the-link-is-blocked.ts"
import { theyMeet } from "./they-meet.ts"
import { theyTalk } from "./they-talk.ts"

const chapters: ReadonlyArray<Chapter<Talk>> = [
  theyMeet,
  theyTalk,
  aPhotoIsSent,
  theLinkIsBlocked,
  itHappensLive,
  mailsGoOut,
  aComplaintIsSettled,
  anotherSystemListens,
]

/** Two companies talk, share photos, settle a complaint, and hear of everything as it happens. */
export const talk = storyOf(
  Talk,
  chapters,
  "chat with tickets, acks, resume and read marks, photos and who sees them, blocking, live events, notifications and mails, complaints from open to closed, signed webhooks",
)
