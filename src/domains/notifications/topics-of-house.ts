import { type Phrase, phrase } from "../../platform/mail/phrase.ts"
import type { Facts } from "./facts.ts"
import type { Concern } from "./rules.ts"
import { type About, both, concern, inApp, owners, quoted, type ToldTopic } from "./topic.ts"

/** Told in the app alone, and to nobody unless they ask for it or it concerns them. */
const quiet = (description: string, about: About, concerns: readonly Concern[], title: (facts: Facts) => Phrase): ToldTopic => ({
  description,
  concerns,
  offers: inApp,
  about,
  say: (facts) => ({ title: title(facts), lines: [] }),
})

const userAbout: About = { kind: "user", prefix: "usr", member: "id", path: "/users/" }
const roleAbout: About = { kind: "role", prefix: "rol", member: "id" }
const invitationAbout: About = { kind: "invitation", prefix: "inv", member: "id" }
const keyAbout: About = { kind: "api_key", prefix: "key", member: "id" }
const organizationAbout: About = { kind: "organization", prefix: "org", member: "id", path: "/organizations/" }
const webhookAbout: About = { kind: "webhook", prefix: "whk", member: "id", path: "/webhooks/" }
const productAbout: About = { kind: "product", prefix: "prd", member: "product_id", path: "/products/" }

const familyAbout: About = { kind: "family", prefix: "fam", member: "id", path: "/families/" }
const identityAbout: About = { kind: "identity", prefix: "idn", member: "id", path: "/identities/" }

const importAbout: About = { kind: "job", prefix: "job", member: "job_id", path: "/jobs/" }

const named = (facts: Facts): string => facts.text("full_name", "name", "email") ?? "somebody"
const product = (facts: Facts): Phrase => phrase`${facts.text("sku") ?? ""} ${facts.text("name") ?? ""}`

const organizationTopic = (
  description: string,
  concerns: readonly Concern[],
  title: (facts: Facts) => Phrase,
  lines: (facts: Facts) => readonly Phrase[] = () => [],
): ToldTopic => ({
  description,
  concerns,
  offers: both,
  about: organizationAbout,
  say: (facts) => ({ title: title(facts), lines: lines(facts) }),
})

/** The organization itself, its people, their rights and its products. */
export const topicsOfHouse: Readonly<Record<string, ToldTopic>> = {
  "import.started": quiet(
    "An import was started.",
    importAbout,
    [],
    (facts) => phrase`An import of ${facts.text("kind") ?? "rows"} was started`,
  ),
  "import.finished": {
    description: "An import that you started is over.",
    concerns: [concern("ASSIGNEE", inApp)],
    isAssigneesAlone: true,
    offers: both,
    about: importAbout,
    say: (facts) => ({
      title: phrase`The import of ${facts.text("kind") ?? "rows"} is ${facts.text("status") === "FAILED" ? "broken off" : "done"}`,
      lines: [...quoted("Rows done", facts.text("done")), ...quoted("Rows failed", facts.text("failed"))],
    }),
  },
  "organization.created": organizationTopic("The organization was founded.", [], () => phrase`The organization was founded`),
  "organization.updated": organizationTopic("The organization's data or settings changed.", [], () => phrase`The organization was changed`),
  "organization.deactivated": organizationTopic(
    "The organization was deactivated.",
    [concern(owners, both)],
    () => phrase`The organization was deactivated: its data can be read, not changed`,
  ),
  "organization.reactivated": organizationTopic(
    "The organization was reactivated.",
    [concern(owners, both)],
    () => phrase`The organization is active again`,
  ),
  "organization.kyb_submitted": organizationTopic(
    "The organization was submitted for verification.",
    [concern("organizations.kyb.submit", inApp)],
    () => phrase`The organization was submitted for verification`,
  ),
  "organization.kyb_verified": organizationTopic(
    "The organization was verified.",
    [concern("organizations.kyb.submit", both)],
    () => phrase`The organization is verified`,
  ),
  "organization.kyb_rejected": organizationTopic(
    "The organization's verification was rejected.",
    [concern("organizations.kyb.submit", both)],
    () => phrase`The organization's verification was rejected`,
    (facts) => quoted("Reason", facts.text("kyb_reason")),
  ),

  "webhook.created": quiet("A webhook was created.", webhookAbout, [], (f) => phrase`A webhook to ${f.text("url") ?? ""} was created`),
  "webhook.updated": quiet("A webhook was changed.", webhookAbout, [], (f) => phrase`The webhook to ${f.text("url") ?? ""} was changed`),
  "webhook.deleted": quiet("A webhook was deleted.", webhookAbout, [], (f) => phrase`The webhook to ${f.text("url") ?? ""} was deleted`),
  "webhook.disabled": {
    description: "A webhook was disabled, since its target did not take what was sent.",
    concerns: [concern("webhooks.endpoint.manage", both)],
    offers: both,
    about: webhookAbout,
    say: (f) => ({ title: phrase`The webhook to ${f.text("url") ?? ""} was disabled`, lines: quoted("Reason", f.text("disabled_reason")) }),
  },

  "user.created": quiet(
    "A colleague was added.",
    userAbout,
    [concern("identity.user.create", inApp)],
    (f) => phrase`${named(f)} was added`,
  ),
  "user.updated": quiet("A colleague's data changed.", userAbout, [], (f) => phrase`${named(f)} was changed`),
  "user.disabled": quiet(
    "A colleague was disabled.",
    userAbout,
    [concern("identity.user.disable", inApp)],
    (f) => phrase`${named(f)} was disabled`,
  ),
  "user.enabled": quiet(
    "A colleague was enabled again.",
    userAbout,
    [concern("identity.user.disable", inApp)],
    (f) => phrase`${named(f)} was enabled again`,
  ),
  "user.roles_assigned": quiet(
    "A colleague's roles changed.",
    userAbout,
    [concern("identity.role.assign", inApp)],
    (f) => phrase`The roles of ${named(f)} changed`,
  ),
  "invitation.created": quiet("Somebody was invited.", invitationAbout, [], (f) => phrase`${named(f)} was invited`),
  "invitation.withdrawn": quiet(
    "An invitation was withdrawn.",
    invitationAbout,
    [],
    (f) => phrase`The invitation of ${named(f)} was withdrawn`,
  ),
  "role.defined": quiet("A role was defined.", roleAbout, [], (f) => phrase`The role ${named(f)} was defined`),
  "role.changed": quiet("A role's permissions changed.", roleAbout, [], (f) => phrase`The role ${named(f)} was changed`),
  "role.deleted": quiet("A role was deleted.", roleAbout, [], (f) => phrase`The role ${named(f)} was deleted`),
  "api_key.created": quiet(
    "An API key was created.",
    keyAbout,
    [concern("identity.api-key.manage", inApp)],
    (f) => phrase`The API key ${named(f)} was created`,
  ),
  "api_key.revoked": quiet(
    "An API key was revoked.",
    keyAbout,
    [concern("identity.api-key.manage", inApp)],
    (f) => phrase`The API key ${named(f)} was revoked`,
  ),

  "product.created": quiet("A product was created.", productAbout, [], (f) => phrase`The product ${product(f)} was created`),
  "product.updated": quiet("A product was changed.", productAbout, [], (f) => phrase`The product ${product(f)} was changed`),
  "product.archived": quiet("A product was archived.", productAbout, [], (f) => phrase`The product ${product(f)} was archived`),
  "family.created": quiet("A product family was created.", familyAbout, [], (f) => phrase`The family ${named(f)} was created`),
  "family.updated": quiet("A product family was changed.", familyAbout, [], (f) => phrase`The family ${named(f)} was changed`),
  "family.deleted": quiet("A product family was deleted.", familyAbout, [], (f) => phrase`The family ${named(f)} was deleted`),
  "identity.created": quiet(
    "A product identity was created.",
    identityAbout,
    [],
    (f) => phrase`The identity ${f.text("upis_h") ?? ""} was created`,
  ),
  "bundle.component_added": quiet(
    "A bundle was given a component.",
    productAbout,
    [],
    (f) => phrase`The bundle ${f.text("sku") ?? ""} was given the component ${f.text("child_sku") ?? ""}`,
  ),
  "bundle.component_removed": quiet(
    "A component was taken out of a bundle.",
    productAbout,
    [],
    (f) => phrase`The component ${f.text("child_sku") ?? ""} was taken out of the bundle ${f.text("sku") ?? ""}`,
  ),
}
