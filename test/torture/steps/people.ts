import { z } from "zod"
import type { UserId } from "../../../src/kernel/ids.ts"
import { Employee, holder, judgeToken, tokensTried } from "../employee.ts"
import type { Answer } from "../journal.ts"
import type { Step } from "../plan.ts"
import { pick } from "../random.ts"
import { ownerToken } from "../webhooks.ts"
import { type Actor, type Organization, signer } from "../world.ts"
import { type Given, give, type Order, type Play, pickOf, plainManner, type Scene } from "./scene.ts"

const userBody = z.object({ id: z.string().transform((id) => id as UserId), email: z.string(), roles: z.array(z.string()) })
const joinedBody = z.object({ user: userBody, access_token: z.string().nullable(), refresh_token: z.string().nullable() })
const tokensBody = z.object({ access_token: z.string(), refresh_token: z.string() })

const jobs = ["manager", "sales_rep", "warehouse_op", "staff", "buyer", "admin"] as const
const jobAt = (at: number): string => pick(jobs, at) ?? "staff"
const addressOf = (key: string): string => `${key}@torture.test`

/** Without a password, which would have to be hashed; tokens of such a user are signed by the run, with its own id. */
export const hire: Play = (scene, actor, step) => {
  const { key, picks } = step
  const roles = [jobAt(picks[1])]
  const body = { email: addressOf(key), full_name: key, roles }
  return give(
    scene,
    actor,
    step,
    { kind: "create user", call: { method: "POST", path: "/users", body }, asked: { roles } },
    {
      learn: ({ text }) => {
        const { id, email } = userBody.parse(JSON.parse(text))
        actor.organization.employees.push(new Employee(id, email, roles))
      },
    },
  )
}

/** Invited by mail; whoever finds the mail joins, with a password and a session of their own. */
export const invite: Play = async (scene, actor, step) => {
  const { key, picks } = step
  const email = addressOf(key)
  const roles = [jobAt(picks[1])]
  const invitation = { method: "POST", path: "/invitations", body: { email, roles } } as const
  const given = await give(scene, actor, step, { kind: "invite", call: invitation, asked: { roles } })
  const token = given.command.answer === undefined ? undefined : await scene.client.tokenMailedTo(email)
  if (token === undefined) return given
  scene.journal.secrets.add(token)
  const body = { invitation_token: token, password: scene.world.password, full_name: key }
  await give(
    scene,
    actor,
    { key: `${key}-join`, manner: plainManner },
    { kind: "join", call: { method: "POST", path: "/auth/register", body }, asked: { email, roles } },
    { learn: (answer) => welcome(actor.organization, answer) },
  )
  return given
}

function welcome(organization: Organization, { text, sentAt }: Answer): void {
  const { user, access_token: access, refresh_token: refresh } = joinedBody.parse(JSON.parse(text))
  const employee = new Employee(user.id, user.email, user.roles)
  // A repeat's answer has no tokens: who lost the first answer stays without a session.
  if (access !== null) employee.tokens.push({ text: access, askedAt: sentAt })
  employee.refreshToken = refresh ?? undefined
  organization.employees.push(employee)
}

const employeeOf = ({ organization }: Actor, { picks: [at] }: Step, isActive: boolean): Employee | undefined =>
  pickOf(organization.employees, (employee) => employee.isActive === isActive, at)

export const assignRoles: Play = async (scene, actor, step) => {
  const employee = employeeOf(actor, step, true)
  if (employee === undefined) return undefined
  const roles = [jobAt(step.picks[1])]
  return give(
    scene,
    actor,
    step,
    {
      kind: "assign roles",
      call: { method: "POST", path: `/users/${employee.id}/roles`, body: { roles } },
      asked: { roles },
      target: employee.id,
    },
    {
      opened: (command) => void employee.revocations.push(command),
      learn: () => {
        employee.roles = roles
      },
    },
  )
}

export const disableUser: Play = async (scene, actor, step) => {
  const employee = employeeOf(actor, step, true)
  if (employee === undefined) return undefined
  employee.isActive = false
  const order = { kind: "disable user", call: { method: "DELETE", path: `/users/${employee.id}` }, target: employee.id } as const
  return give(scene, actor, step, order, { opened: (command) => void employee.revocations.push(command) })
}

export const enableUser: Play = async (scene, actor, step) => {
  const employee = employeeOf(actor, step, false)
  if (employee === undefined) return undefined
  const call = { method: "PATCH", path: `/users/${employee.id}`, body: { is_active: true } } as const
  const learn = (): void => {
    employee.isActive = true
  }
  return give(scene, actor, step, { kind: "enable user", call, target: employee.id }, { learn })
}

/** Somebody works by one of the tokens they ever had, or gets another first. */
export const workAsEmployee: Play = async (scene, actor, step): Promise<Given | undefined> => {
  const [at, how, which, where] = step.picks
  const employee = pick(actor.organization.employees, at)
  if (employee === undefined) return undefined
  if (how < 0.2) await renew(scene, actor.organization, employee)
  else if (employee.isActive && (how < 0.5 || employee.tokens.length === 0)) await sign(scene, actor.organization, employee)
  const token = pick(employee.tokens, which)
  if (token === undefined) return undefined
  const path = where < 0.5 ? "/auth/me" : "/orders/my-orders?limit=1"
  const answer = await scene.client.send(holder(actor.organization, token), { method: "GET", path })
  judgeToken(scene.journal, employee, token, answer)
  return undefined
}

/** Hired, at work and dismissed, in fine weather: of revoked tokens every run has some. */
export async function hireAndDismiss(scene: Scene, organization: Organization): Promise<void> {
  const { seed, journal, client } = scene
  const askedAt = Date.now()
  const owner = holder(organization, { text: await ownerToken(scene, organization), askedAt })
  const key = `torture-${seed}-dismissed-${organization.id}`
  const hired: Order = {
    kind: "create user",
    call: { method: "POST", path: "/users", body: { email: addressOf(key), full_name: key, roles: ["manager"] } },
    asked: { roles: ["manager"] },
  }
  const { command } = await give(scene, owner, { key, manner: plainManner }, hired)
  if (command.answer === undefined) return
  const { id, email, roles } = userBody.parse(JSON.parse(command.answer.text))
  const employee = new Employee(id, email, roles)
  organization.employees.push(employee)
  await sign(scene, organization, employee)
  for (const token of employee.tokens)
    judgeToken(journal, employee, token, await client.send(holder(organization, token), { method: "GET", path: "/auth/me" }))
  employee.isActive = false
  const dismissed: Order = { kind: "disable user", call: { method: "DELETE", path: `/users/${id}` }, target: id }
  await give(scene, owner, { key: `${key}-end`, manner: plainManner }, dismissed, {
    opened: (given) => void employee.revocations.push(given),
  })
}

async function sign({ world, journal }: Scene, { id: orgId }: Organization, employee: Employee): Promise<void> {
  const askedAt = Date.now()
  const { id: userId, roles, email: name } = employee
  const text = await signer(world.keys, { orgId, roles, name, userId })()
  journal.secrets.add(text)
  employee.tokens.push({ text, askedAt })
}

/** By the session: D1 is asked, so who was disabled gets nothing from the acknowledgement on. */
async function renew({ client, journal }: Scene, organization: Organization, employee: Employee): Promise<void> {
  const { refreshToken, tokens, revocations, email } = employee
  if (refreshToken === undefined) return
  const disabled = revocations.find(({ kind, answer }) => kind === "disable user" && answer !== undefined)
  const askedAt = Date.now()
  const answer = await client.sendOpenly(organization, { method: "POST", path: "/auth/refresh", body: { refresh_token: refreshToken } })
  if (answer === undefined || answer.status >= 500) return
  // Its session has ended for good, even if the user is enabled again: the person signs in anew.
  if (disabled !== undefined && disabled.answer !== undefined && disabled.answer.heardAt < askedAt) {
    journal.count(tokensTried.over)
    if (answer.status < 300) journal.violate(`the session of ${email} was renewed after ${email} had been disabled`)
  }
  if (answer.status !== 200) return
  const renewed = tokensBody.parse(JSON.parse(answer.text))
  journal.secrets.add(renewed.access_token).add(renewed.refresh_token)
  employee.refreshToken = renewed.refresh_token
  tokens.push({ text: renewed.access_token, askedAt })
}
