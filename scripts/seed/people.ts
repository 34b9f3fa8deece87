import type { Api } from "../lib/api.ts"

/** Everybody's in the demo worlds. */
export const demoPassword = "waybill-demo"

const superAdmin = { email: "super@waybill.test", password: demoPassword, full_name: "Sasha Super" }

/** An access token, or undefined where nobody has the address and the password. */
export async function signIn(api: Api, email: string, password: string = demoPassword): Promise<string | undefined> {
  const answer = await api.post("/auth/token", { body: { email, password } })
  if (answer.status === 200) return answer.text("access_token")
  if (answer.status === 401) return undefined
  throw new Error(`signing in ${email} was answered ${answer.status} ${answer.text("code")} ${answer.text("detail")}`)
}

/** The demo's super_admin, signed in; made now if the platform has nobody yet. */
export async function signInSuperAdmin(api: Api): Promise<string> {
  const token = await signIn(api, superAdmin.email)
  if (token !== undefined) return token
  const made = await api.post("./dev/super-admin", { body: superAdmin })
  if (made.status === 404) throw new Error(`${api.base} is not a development server; only those can be seeded`)
  if (made.status === 409) throw new Error(`the platform has a super_admin, but not ${superAdmin.email} with the password ${demoPassword}`)
  if (made.status !== 201) throw new Error(`making ${superAdmin.email} was answered ${made.status} ${made.text("code")}`)
  return (await signIn(api, superAdmin.email)) ?? ""
}
