import { randomBytes } from "node:crypto"
import { join, resolve } from "node:path"
import { newId, type OrganizationId, platformOrganizationId } from "../src/kernel/ids.ts"
import { limits } from "../src/kernel/limits.ts"
import { hashPassword } from "../src/platform/auth/password.ts"
import { fail } from "./lib/fail.mjs"
import { parseOptions } from "./lib/options.ts"
import { root } from "./lib/paths.mjs"
import { literal } from "./lib/sql.ts"
import { reason, wrangler } from "./lib/wrangler.ts"

const help = `
npm run create-superadmin -- --email=ADDRESS [options]
    Makes a super_admin of the platform, or gives an existing one a new password and ends their sessions.

  --password=TEXT   their password (without it one is made up and printed)
  --name=TEXT       their name (Platform Admin)
  --state=DIR       the local server's data (.waybill/state)
  --remote          the deployed database instead
`

const options = parseOptions({
  help,
  options: {
    email: { type: "string" },
    password: { type: "string" },
    name: { type: "string", default: "Platform Admin" },
    state: { type: "string", default: join(root, ".waybill", "state") },
    remote: { type: "boolean" },
  },
})

const email = options.text("email")?.trim().toLowerCase() ?? ""
if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) || email.length > limits.emailCharsMax) fail("--email=ADDRESS must be an e-mail address", 2)
const given = options.text("password")
const password = given ?? randomBytes(18).toString("base64url")
if (password.length < limits.passwordCharsMin || password.length > limits.passwordCharsMax) {
  fail(`--password must have ${limits.passwordCharsMin} to ${limits.passwordCharsMax} characters`, 2)
}

const where = options.flag("remote")
  ? ["--remote"]
  : ["--local", "--env=development", `--persist-to=${resolve(process.env.INIT_CWD ?? process.cwd(), options.text("state") ?? "")}`]

const before = query(`SELECT org_id, id FROM users WHERE email = ${literal(email)}`)[0]
if (before !== undefined && before.org_id !== platformOrganizationId) fail(`${email} belongs to somebody of a customer's organization`)
const id = before?.id ?? newId("usr", Date.now())
query(statements(id, before !== undefined, await hashPassword(password)).join(";\n"))

process.stdout.write(`${email} is a super_admin${before === undefined ? "" : ", with a new password; sessions are ended"}\n`)
if (given === undefined) process.stdout.write(`password: ${password}\n`)

/** The change with its audit row, in one go. */
function statements(userId: string, exists: boolean, hash: string): string[] {
  const now = Date.now()
  const org: OrganizationId = platformOrganizationId
  const name = options.text("name") ?? ""
  const roles = JSON.stringify(["super_admin"])
  const after = JSON.stringify({ email, roles: ["super_admin"], is_active: true })
  const audit = `INSERT INTO audit_logs (org_id, id, actor_kind, actor_name, action, entity, entity_id, after, at)
    VALUES (${literal(org)}, ${literal(newId("aud", now))}, 'SYSTEM', 'create-superadmin', 'identity.user.${exists ? "update" : "create"}', 'user', ${literal(userId)}, ${literal(after)}, ${now})`
  if (!exists) {
    const insert = `INSERT INTO users (org_id, id, email, full_name, password_hash, roles, is_active, version, created_at, updated_at)
      VALUES (${[org, userId, email, name, hash, roles, 1, 1, now, now].map(literal).join(", ")})`
    return [insert, audit]
  }
  const own = `org_id = ${literal(org)} AND`
  return [
    `UPDATE users SET password_hash = ${literal(hash)}, roles = ${literal(roles)}, is_active = 1, version = version + 1, updated_at = ${now} WHERE ${own} id = ${literal(userId)}`,
    `UPDATE sessions SET revoked_at = ${now} WHERE ${own} user_id = ${literal(userId)} AND revoked_at IS NULL`,
    `DELETE FROM reset_tokens WHERE ${own} user_id = ${literal(userId)}`,
    `INSERT INTO revocations (subject, not_before, expires_at) VALUES (${literal(userId)}, ${now}, ${now + 24 * 60 * 60 * 1000})`,
    audit,
  ]
}

type Row = { readonly org_id?: string; readonly id?: string }

function query(sql: string): readonly Row[] {
  const done = wrangler(["d1", "execute", "DB", ...where, "--yes", "--json", `--command=${sql}`])
  if (!done.ok) return fail(`the database refused: ${errorOf(done)}`)
  const [first] = JSON.parse(done.stdout.slice(done.stdout.indexOf("["))) as ReadonlyArray<{ readonly results?: readonly Row[] }>
  return first?.results ?? []
}

// With --json wrangler says its errors as JSON on the standard output.
function errorOf(done: ReturnType<typeof wrangler>): string {
  const text = /"text":\s*"((?:[^"\\]|\\.)*)"/.exec(done.stdout)?.[1]
  return text === undefined ? reason(done) : (JSON.parse(`"${text}"`) as string)
}
