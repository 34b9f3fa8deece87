import { z } from "@hono/zod-openapi"
import {
  emailInput,
  enumInput,
  idSchema,
  instantInput,
  lazily,
  nameInput,
  passwordInput,
  quantityInput,
} from "../../platform/http/schemas.ts"
import { createProductInput } from "../catalog/index.ts"
import { newOrganizationInput } from "../organizations/index.ts"

const organizationsMax = 50
const pastMax = 500

export const superAdminInput = lazily(() => z.strictObject({ email: emailInput, password: passwordInput, full_name: nameInput }))

export const organizationsInput = lazily(() =>
  z.strictObject({
    password: passwordInput,
    organizations: z
      .array(z.strictObject({ ...newOrganizationInput.unwrap().shape, owner_email: emailInput, owner_name: nameInput }))
      .min(1)
      .max(organizationsMax),
  }),
)
export type OrganizationsInput = z.output<typeof organizationsInput>

export const pastInput = lazily(() =>
  z.strictObject({
    supplier_id: idSchema("org"),
    products: z
      .array(z.strictObject({ ...createProductInput.unwrap().shape, at: instantInput }))
      .max(pastMax)
      .default([]),
    links: z
      .array(z.strictObject({ buyer_id: idSchema("org"), at: instantInput, approved_at: instantInput }))
      .max(pastMax)
      .default([]),
    orders: z
      .array(
        z.strictObject({
          buyer_id: idSchema("org"),
          at: instantInput,
          items: z.array(z.strictObject({ product_id: idSchema("prd"), quantity: quantityInput("positive") })).min(1),
          moves: z.array(
            z.strictObject({ status: enumInput(["ACCEPTED", "REJECTED", "IN_DELIVERY", "COMPLETED", "CANCELLED"]), at: instantInput }),
          ),
        }),
      )
      .max(pastMax)
      .default([]),
  }),
)
export type PastInput = z.output<typeof pastInput>
