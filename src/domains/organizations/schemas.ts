import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import {
  currencyInput,
  emailInput,
  enumInput,
  idSchema,
  idView,
  instantView,
  lazily,
  listOf,
  nameInput,
  pageQuery,
  textInput,
} from "../../platform/http/schemas.ts"
import { capabilities, isSlug, isTimeZone, kybStatuses, organizationStatuses } from "./rules.ts"

const capabilityView = z.enum(capabilities)

const capabilitiesInput = z
  .array(z.enum(capabilities))
  .min(1)
  .max(capabilities.length)
  .transform((given) => [...new Set(given)])
  .openapi({ example: ["supplier"] })

const slugInput = z
  .string()
  .max(63)
  .transform((text) => text.trim().toLowerCase())
  .refine(isSlug, "Must be 2 to 63 letters, digits or inner hyphens, and no reserved word.")
  .openapi({ type: "string", example: "green-valley" })

const timeZoneInput = z
  .string()
  .max(64)
  .refine(isTimeZone, "Must be a name of the IANA time zone database.")
  .openapi({ example: "Europe/Berlin" })

const settingsView = lazily(() =>
  z
    .object({ currency: z.string(), time_zone: z.string(), share_stock: z.boolean(), require_kyb_for_link_approval: z.boolean() })
    .openapi("OrganizationSettings", {
      example: { currency: "USD", time_zone: "UTC", share_stock: false, require_kyb_for_link_approval: true },
    }),
)

const settingsPatch = lazily(() =>
  z
    .strictObject({
      currency: currencyInput.optional(),
      time_zone: timeZoneInput.optional(),
      share_stock: z.boolean().optional(),
      require_kyb_for_link_approval: z.boolean().optional(),
    })
    .openapi("OrganizationSettingsPatch", { example: { currency: "EUR", share_stock: true } }),
)

export const organizationView = lazily(() =>
  z
    .object({
      id: idView("org"),
      name: z.string(),
      slug: z.string(),
      capabilities: z.array(capabilityView),
      kyb_status: z.enum(kybStatuses),
      kyb_reason: z.string().optional().openapi({ description: "Why the verification was rejected." }),
      kyb_documents: z.array(idView("fil")).optional().openapi({ description: "Files of the last submission." }),
      status: z.enum(organizationStatuses),
      settings: settingsView,
      created_at: instantView,
      version: z.int(),
    })
    .openapi("Organization", {
      example: {
        id: "org_01jd8x2y3zf4g5h6j7k8m9n0pq",
        name: "Green Valley Farms",
        slug: "green-valley",
        capabilities: ["supplier"],
        kyb_status: "VERIFIED",
        status: "ACTIVE",
        settings: { currency: "USD", time_zone: "UTC", share_stock: false, require_kyb_for_link_approval: true },
        created_at: "2026-01-31T09:30:00.000Z",
        version: 3,
      },
    }),
)
export type OrganizationView = z.output<typeof organizationView>

/** What a newcomer says of the organization to be. */
export const newOrganizationInput = lazily(() =>
  z
    .strictObject({ name: nameInput, slug: slugInput.optional(), capabilities: capabilitiesInput })
    .openapi("NewOrganization", { example: { name: "Green Valley Farms", slug: "green-valley", capabilities: ["supplier"] } }),
)
export type NewOrganization = z.output<typeof newOrganizationInput>

/** What the platform says of one: also who is to be invited as its owner. */
export const createOrganizationInput = lazily(() =>
  z.strictObject({ ...newOrganizationInput.unwrap().shape, owner_email: emailInput.optional() }).openapi("CreateOrganization", {
    example: { name: "Green Valley Farms", capabilities: ["supplier"], owner_email: "owner@green-valley.example" },
  }),
)

export const updateOrganizationInput = lazily(() =>
  z
    .strictObject({
      name: nameInput.optional(),
      slug: slugInput.optional(),
      capabilities: capabilitiesInput.optional(),
      settings: settingsPatch.optional(),
      status: enumInput(organizationStatuses).optional(),
    })
    .openapi("UpdateOrganization", { example: { name: "Green Valley Organic Farms", settings: { share_stock: true } } }),
)
export type UpdateOrganization = z.output<typeof updateOrganizationInput>

export const organizationList = listOf(organizationView, "OrganizationList")
export const organizationQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    kyb_status: enumInput(kybStatuses).optional().openapi({ example: "PENDING" }),
  }),
)

const directoryEntry = lazily(() =>
  z
    .object({ id: idView("org"), name: z.string(), capabilities: z.array(capabilityView), kyb_status: z.enum(kybStatuses) })
    .openapi("DirectoryEntry", {
      example: { id: "org_01jd8x2y3zf4g5h6j7k8m9n0pq", name: "Green Valley Farms", capabilities: ["supplier"], kyb_status: "VERIFIED" },
    }),
)
export const directoryList = listOf(directoryEntry, "DirectoryList")
export const directoryQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    q: textInput(limits.searchCharsMax).optional().openapi({ description: "How the name begins, in any case.", example: "green" }),
  }),
)

export const submitKybInput = lazily(() =>
  z
    .strictObject({ documents: z.array(idSchema("fil")).max(limits.kybDocumentsMax).optional() })
    .optional()
    .openapi("SubmitKyb", { example: { documents: ["fil_01jd8x2y3zf4g5h6j7k8m9n0pq"] } }),
)

export const decideKybInput = lazily(() =>
  z
    .discriminatedUnion("status", [
      z.strictObject({ status: z.literal("VERIFIED"), reason: textInput(limits.reasonCharsMax).optional() }),
      z.strictObject({ status: z.literal("REJECTED"), reason: textInput(limits.reasonCharsMax, 1) }),
    ])
    .openapi("DecideKyb", { example: { status: "REJECTED", reason: "The register extract is older than three months." } }),
)
export type DecideKyb = z.output<typeof decideKybInput>
