import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { newId, platformOrganizationId } from "../../src/kernel/ids.ts"
import { hashPassword } from "../../src/platform/auth/password.ts"
import worker from "../../src/worker.ts"

/** Shared fixtures: every test makes its own organizations, since storage is isolated per file and not per test. */

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
export type CallOptions = {
  readonly token?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

// oxlint-disable-next-line typescript/no-explicit-any -- an answer is whatever the API says; each test asserts what it relies on.
export type Answer = { readonly status: number; readonly headers: Headers; readonly body: any }

const origin = "http://api.waybill.test"

/** One call, the path under /api/v1 unless it starts with a dot (`./dev/mail`). */
export async function api(method: Method, path: string, { token, body, headers = {} }: CallOptions = {}): Promise<Answer> {
  // The Worker itself, called as the runtime calls it. Not through `exports`: each such call makes every later one of the
  // file slower, so that a thousand take minutes (measured: 14 ms at first, 220 ms after 600).
  const response = await worker.fetch(
    new Request(origin + (path.startsWith("./") ? path.slice(1) : `/api/v1${path}`), {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    }),
    env,
    createExecutionContext(),
  )
  const text = await response.text()
  const isJson = response.headers.get("content-type")?.includes("json") === true
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : isJson ? JSON.parse(text) : text }
}

/** The body of an answer that has to have this status. */
export async function must(status: number, call: Promise<Answer>): Promise<Answer["body"]> {
  const { status: got, body } = await call
  if (got !== status) throw new Error(`${got} instead of ${status}: ${JSON.stringify(body)}`)
  return body
}

export const password = "waybill-demo"

let counter = 0
/** A word that no other test of this run uses. */
export const unique = (word: string): string => `${word}-${Date.now().toString(36)}-${(counter += 1)}`
export const newEmail = (): string => `${unique("someone")}@example.test`

export type Person = { readonly id: string; readonly email: string; readonly token: string; readonly refreshToken: string }
export type World = {
  readonly org: { readonly id: string; readonly slug: string; readonly name: string }
  readonly owner: Person
  readonly token: string
}

/** A new organization with its owner, signed in. */
export async function signUp(capabilities: readonly string[] = ["supplier"], name = unique("Firm")): Promise<World> {
  const email = newEmail()
  const { status, body } = await api("POST", "/auth/register", {
    body: { email, password, full_name: "Olga Owner", organization: { name, capabilities } },
  })
  if (status !== 201) throw new Error(`register: ${status} ${JSON.stringify(body)}`)
  const { user, organization, access_token, refresh_token } = body
  return { org: organization, owner: { id: user.id, email, token: access_token, refreshToken: refresh_token }, token: access_token }
}

export async function signIn(email: string, secret: string = password): Promise<{ token: string; refreshToken: string }> {
  const { status, body } = await api("POST", "/auth/token", { body: { email, password: secret } })
  if (status !== 200) throw new Error(`sign in: ${status} ${JSON.stringify(body)}`)
  return { token: body.access_token, refreshToken: body.refresh_token }
}

/** A colleague with these roles, signed in; `token` is of somebody who may create them. */
export async function hire(token: string, ...roles: readonly string[]): Promise<Person> {
  const email = newEmail()
  const { status, body } = await api("POST", "/users", { token, body: { email, full_name: "Cleo Colleague", password, roles } })
  if (status !== 201) throw new Error(`hire: ${status} ${JSON.stringify(body)}`)
  return { id: body.id, email, ...(await signIn(email)) }
}

/** A super_admin, signed in; made as the script makes them, since no route does. */
export async function platformStaff(): Promise<Person> {
  const now = Date.now()
  const id = newId("usr", now)
  const email = newEmail()
  await env.DB.prepare(
    "insert into users (org_id, id, email, full_name, password_hash, roles, is_active, version, created_at, updated_at) values (?, ?, ?, 'Petra Platform', ?, '[\"super_admin\"]', 1, 1, ?, ?)",
  )
    .bind(platformOrganizationId, id, email, await hashPassword(password), now, now)
    .run()
  return { id, email, ...(await signIn(email)) }
}

/** Mails kept for an address, newest first; waits for one, since some go out after the answer. */
export async function mailsTo(email: string, count = 1): Promise<Array<{ subject: string; text: string; html: string; token?: string }>> {
  for (let attempt = 0; ; attempt += 1) {
    const { body } = await api("GET", `./dev/mail?to=${encodeURIComponent(email)}`)
    if (body.data.length >= count || attempt >= 750) return body.data
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** The one-time token in the newest mail to an address. */
export async function tokenMailedTo(email: string): Promise<string> {
  const [mail] = await mailsTo(email)
  if (mail?.token === undefined) throw new Error(`no mail with a token for ${email}`)
  return mail.token
}

/** What a request cost D1, as Server-Timing tells. */
export function costOf({ headers }: Answer): { trips: number; read: number; written: number } {
  const [, trips, read, written] = /desc="(\d+) trips?, (\d+) read, (\d+) written"/.exec(headers.get("server-timing") ?? "") ?? []
  return { trips: Number(trips), read: Number(read), written: Number(written) }
}

/** Actions on an organization's audit trail, oldest first. */
export async function auditOf(
  orgId: string,
): Promise<Array<{ action: string; actor_id: string | null; before: string | null; after: string | null }>> {
  const { results } = await env.DB.prepare("select action, actor_id, before, after from audit_logs where org_id = ? order by id")
    .bind(orgId)
    .all()
  return results as never
}

/** Types of an organization's events, in commit order. */
export async function eventsOf(orgId: string): Promise<string[]> {
  const { results } = await env.DB.prepare("select type from events where org_id = ? order by seq").bind(orgId).all<{ type: string }>()
  return results.map(({ type }) => type)
}
