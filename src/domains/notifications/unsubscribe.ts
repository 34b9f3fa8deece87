import { isId, type OrganizationId, type UserId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { SigningKey } from "../../platform/auth/access-token.ts"
import { TenantDb } from "../../platform/db/tenant-db.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import { isSigned, signed } from "../../platform/http/signed-url.ts"
import { html } from "../../platform/mail/html.ts"
import { choiceOf } from "./rules.ts"
import { notificationStore } from "./store.ts"
import { topicOf } from "./topics.ts"

export const unsubscribePath = "/notifications/unsubscribe"
const fullPath = `/api/v1${unsubscribePath}`

/** Whose mails of which type a link ends. */
type Subscription = { readonly org: OrganizationId; readonly user: UserId; readonly type: string }

/**
 * INV-NTF-9: the link in a mail that ends mails of its type for the person it went to (RFC 8058). Signed, so that nobody
 * makes one for somebody else; it can do nothing but that, and has no end, since mails are read late.
 */
export const unsubscribeUrl = (keys: readonly SigningKey[], publicUrl: string, { org, user, type }: Subscription): Promise<string> =>
  signed(keys, publicUrl, fullPath, { org, user, type })

/** @throws RefusalError UNAUTHENTICATED where the link is not one of ours. */
export async function subscriptionOf({ config, request }: PublicCtx): Promise<Subscription> {
  const query = new URL(request.url).searchParams
  const [org, user, type] = ["org", "user", "type"].map((name) => query.get(name) ?? "")
  const isOurs = await isSigned(config.JWT_KEYS, fullPath, query)
  if (!isOurs || org === undefined || !isId("org", org) || user === undefined || !isId("usr", user) || type === undefined) {
    throw new RefusalError({
      code: "UNAUTHENTICATED",
      detail: "The link's signature is not one of ours. Turn mails off in your preferences.",
    })
  }
  return { org, user, type }
}

/** Turns off mail of the type for that person, and nothing else. Again it changes nothing. */
export async function unsubscribe(ctx: PublicCtx, { org, user, type }: Subscription): Promise<void> {
  const home = TenantDb.forSystem(ctx.env, ctx.meter, org, "a signed link names the person and the organization of a mail")
  const store = notificationStore({ home, userId: user })
  const before = (await store.preferences())?.choices ?? {}
  if (choiceOf(before, type, "mail") === false) return
  ctx.work.add(store.turnMailOff(type, ctx.now)).audit(home, {
    action: "notifications.preferences.unsubscribe",
    entity: "user",
    entityId: user,
    before: { type, mail: choiceOf(before, type, "mail") ?? null },
    after: { type, mail: false },
  })
}

/** What a person sees who follows the link: a button. Programs that follow every link of a mail press none, so following it changes nothing. */
export function unsubscribePage({ type }: Subscription): Response {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Turn off mail</title>
</head>
<body style="margin:0;padding:24px;font-family:system-ui,sans-serif;font-size:16px;line-height:1.5">
<form method="post">
<h1 style="font-size:20px">Turn off mail</h1>
<p>${topicOf(type)?.description ?? type} You will get no more mails of this kind (${type}). Everything else stays as it is.</p>
<button style="font-size:16px;padding:8px 16px">Turn off</button>
</form>
</body>
</html>
`
  return new Response(page.markup, { headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" } })
}
