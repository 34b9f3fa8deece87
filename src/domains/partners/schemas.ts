import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import { parseDecimal } from "../../kernel/money.ts"
import { weekdays } from "../../kernel/zoned-time.ts"
import {
  currencyInput,
  enumInput,
  idSchema,
  idView,
  instantView,
  lazily,
  listOf,
  moneyInput,
  moneyView,
  pageQuery,
  quantityInput,
  quantityView,
  textInput,
} from "../../platform/http/schemas.ts"
import { decidableLinkStatuses, linkStatuses } from "./rules.ts"

const dayView = z.enum(weekdays)
const cutOff = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "Must be a time of day such as 16:00.")
const cutOffExample = { example: "16:00", description: "Orders from this time on, on the supplier's wall clock, count as the next day's." }
const leadTimeExample = { example: 1, description: "Calendar days from the day an order counts for to its delivery at the earliest." }

const shelfLifeExample = { example: 7, description: "Goods for the buyer expire at least so many days after they are taken for it." }

const linkTermsView = lazily(() =>
  z
    .object({
      discount_percent: z.number().openapi({ example: 5, description: "Off the product's own price, where the price list has none." }),
      price_list: z.array(
        z.object({
          product_id: idView("prd"),
          price: moneyView,
          currency: z.string().openapi({ example: "USD" }),
          tiers: z
            .array(z.object({ from_quantity: quantityView, price: moneyView }))
            .openapi({ example: [{ from_quantity: 100, price: "5.49" }] }),
        }),
      ),
      min_order_value: moneyView.nullable().openapi({ example: "100.00" }),
      currency: z.string().nullable().openapi({ example: "USD", description: "Of min_order_value." }),
      delivery_days: z.array(dayView).openapi({ example: ["TUESDAY", "FRIDAY"], description: "Empty: any day." }),
      order_cut_off: z.string().nullable().openapi(cutOffExample),
      lead_time_days: z.int().nullable().openapi(leadTimeExample),
      min_shelf_life_days: z.int().nullable().openapi(shelfLifeExample),
      time_zone: z.string().openapi({ example: "Europe/Berlin", description: "The supplier's, which the cut-off is in." }),
    })
    .openapi("LinkTerms"),
)

export const linkView = lazily(() =>
  z
    .object({
      id: idView("lnk"),
      supplier_id: idView("org"),
      supplier_name: z.string().openapi({ example: "Green Valley Farms" }),
      buyer_id: idView("org"),
      buyer_name: z.string().openapi({ example: "Harbour Hotel" }),
      status: z.enum(linkStatuses),
      message: z.string().nullable(),
      reason: z.string().nullable(),
      created_at: instantView,
      decided_at: instantView.nullable(),
      version: z.int(),
      terms: linkTermsView.nullable().optional().openapi({
        description:
          "In the answers for one link, not in lists. Null where the supplier set none; a buyer sees them while the link is APPROVED.",
      }),
    })
    .openapi("Link"),
)

export const linkList = listOf(linkView, "LinkList")

export const requestLinkInput = lazily(() =>
  z
    .strictObject({
      supplier_id: idSchema("org"),
      message: textInput(limits.noteCharsMax).optional().openapi({ example: "We open in May and need vegetables daily." }),
    })
    .openapi("RequestLink"),
)

export const setLinkStatusInput = lazily(() =>
  z
    .strictObject({ status: enumInput(decidableLinkStatuses), reason: textInput(limits.reasonCharsMax).optional() })
    .openapi("SetLinkStatus", { example: { status: "APPROVED" } }),
)

const percentDigits = 2

/** A percentage, read as hundredths of a percent. */
const percentInput = z
  .union([z.number(), z.string().max(10)])
  .transform((value, context) => {
    const parsed = parseDecimal(value, percentDigits)
    if (parsed.ok && parsed.value >= 0 && parsed.value <= 10_000) return parsed.value
    context.addIssue({ code: "custom", message: "Must be from 0 to 100, with at most two decimal places." })
    return z.NEVER
  })
  .openapi({ type: "number", example: 5 })

const tierInput = lazily(() => z.strictObject({ from_quantity: quantityInput("positive"), price: moneyInput }))

const listedPriceInput = lazily(() =>
  z.strictObject({
    product_id: idSchema("prd"),
    price: moneyInput,
    currency: currencyInput.optional().openapi({ description: "The product's own; said only to be sure." }),
    tiers: z.array(tierInput).max(limits.priceTiersMax).optional(),
  }),
)

export const setLinkTermsInput = lazily(() =>
  z
    .strictObject({
      discount_percent: percentInput.optional(),
      price_list: z.array(listedPriceInput).max(limits.priceListProductsMax).optional(),
      min_order_value: moneyInput.nullable().optional(),
      currency: currencyInput.nullable().optional().openapi({ description: "Of min_order_value; defaults to the organization's." }),
      delivery_days: z
        .array(enumInput(weekdays))
        .max(weekdays.length)
        .transform((days) => weekdays.filter((day) => days.includes(day)))
        .optional()
        .openapi({ type: "array", items: { type: "string", enum: [...weekdays] } }),
      order_cut_off: cutOff.nullable().optional().openapi(cutOffExample),
      lead_time_days: z.int().min(0).max(limits.leadTimeDaysMax).nullable().optional().openapi(leadTimeExample),
      min_shelf_life_days: z.int().min(0).max(limits.shelfLifeDaysMax).nullable().optional().openapi(shelfLifeExample),
    })
    .openapi("SetLinkTerms", {
      description: "The terms as a whole: what is left out is not agreed on.",
      example: {
        discount_percent: 5,
        price_list: [{ product_id: "prd_01jd8x2y3zf4g5h6j7k8m9n0pq", price: "5.79", tiers: [{ from_quantity: 100, price: "5.49" }] }],
        min_order_value: "100.00",
        delivery_days: ["TUESDAY", "FRIDAY"],
        order_cut_off: "16:00",
        lead_time_days: 1,
        min_shelf_life_days: 7,
      },
    }),
)

export type LinkTermsBody = z.output<typeof setLinkTermsInput>

export const linkQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    status: enumInput(linkStatuses).optional(),
    side: z.enum(["supplier", "buyer"]).optional().openapi({ description: "Links in which the organization supplies, or buys." }),
  }),
)
