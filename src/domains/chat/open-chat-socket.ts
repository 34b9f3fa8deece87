import { callInbox, openSocket } from "../../../durable-objects/chat-inbox/client.ts"
import { ok, type Result, refuse } from "../../kernel/result.ts"
import { may } from "../../platform/auth/actor.ts"
import { stillHolds } from "../../platform/auth/authenticate.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalidRefusal } from "../../platform/http/input.ts"
import { inboxOwnerOf, subjectsOfMember } from "./member.ts"

const protocol = "waybill.v1"

/** Opens the user's socket: the object that holds it gets who was verified here, and nothing of the request. */
export async function openChatSocket(ctx: Ctx): Promise<Result<Response>> {
  const { request } = ctx
  // A HEAD comes here as a GET does, and no socket comes of one (RFC 6455, section 4.1).
  if (request.method !== "GET" || request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return {
      ok: false,
      error: invalidRefusal([{ pointer: "/header/Upgrade", code: "REQUIRED", message: "This address opens a WebSocket." }]),
    }
  }
  const member = inboxOwnerOf(ctx)
  const { origin } = new URL(request.url)
  const from = request.headers.get("origin")
  if (from !== null && !isAllowedOrigin(ctx, from, origin))
    return refuse("FORBIDDEN", "Sockets are not opened from this origin; see CORS_ORIGINS.")
  const subjects = subjectsOfMember(member)
  const socket = await openSocket(
    ctx.env,
    {
      userId: member.id,
      orgId: member.orgId,
      name: member.name,
      subjects,
      maySend: may(member, "chat.message.send") && !member.isReadOnly,
      maySeeComplaints: may(member, "complaints.complaint.read"),
      issuedAt: member.claims.issuedAt,
      expiresAt: member.claims.expiresAt,
      origin,
    },
    ctx.meter,
  )
  // INV-CHT-5: asked once the inbox can be found by revocations: one that came before is read here, one that comes later finds the socket.
  const isGood = await stillHolds(ctx, member.claims).catch((error: unknown) => {
    // A socket that nobody can vouch for is not handed out.
    socket.accept()
    socket.close(1011, "Not available right now")
    throw error
  })
  if (!isGood) {
    await callInbox(ctx.env, member.id, (inbox) => inbox.revoke([member.sessionId]), ctx.meter)
    return refuse("TOKEN_EXPIRED", "The access token was revoked; refresh it or sign in again.")
  }
  const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim())
  const headers: Record<string, string> = offered.includes(protocol) ? { "sec-websocket-protocol": protocol } : {}
  return ok(new Response(null, { status: 101, webSocket: socket, headers }))
}

function isAllowedOrigin({ config, publicUrl }: Ctx, from: string, own: string): boolean {
  const { CORS_ORIGINS } = config
  return (
    from === own ||
    (URL.canParse(publicUrl) && new URL(publicUrl).origin === from) ||
    CORS_ORIGINS.includes("*") ||
    CORS_ORIGINS.includes(from)
  )
}
