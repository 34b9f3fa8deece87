import { z } from "@hono/zod-openapi"
import { enumInput, idParams, idSchema, idView, instantInput, instantView, lazily } from "../../platform/http/schemas.ts"
import { fileNameInput } from "../files/index.ts"
import { orderStatuses } from "../orders/index.ts"
import { importKinds, importStatuses } from "./rules.ts"

export const jobParams = idParams("job")

const nameQuery = () =>
  fileNameInput.optional().openapi({
    param: { name: "name", in: "query" },
    description: "What to call the file when it is downloaded.",
    example: "products.csv",
  })

export const importProductsQuery = lazily(() => z.strictObject({ name: nameQuery() }))

export const importOrdersQuery = lazily(() =>
  z.strictObject({
    name: nameQuery(),
    supplier_id: idSchema("org")
      .optional()
      .openapi({ param: { name: "supplier_id", in: "query" }, description: "The supplier of rows that name none." }),
  }),
)

export const importFileInput = lazily(() =>
  z
    .strictObject({ file_id: idSchema("fil") })
    .openapi("ImportFile", { description: "A CSV file that was uploaded with the purpose import by whoever asks." }),
)

export const jobView = lazily(() =>
  z
    .object({
      id: idView("job"),
      kind: z.enum(importKinds),
      status: z
        .enum(importStatuses)
        .openapi({ description: "DONE: every row was dealt with. FAILED: it stopped before, and reason says why.", example: "DONE" }),
      total: z.int().openapi({ description: "Rows of the file; 0 until they are counted.", example: 1200 }),
      done: z.int().openapi({ description: "Rows that came to something.", example: 1198 }),
      failed: z.int().openapi({ description: "Rows that came to nothing. With done they are how far the import is.", example: 2 }),
      errors_file_id: idView("fil")
        .nullable()
        .openapi({ description: "A CSV file of the failed rows, each with its number and why; kept for seven days." }),
      reason: z.string().nullable().openapi({ example: null, description: "Why it FAILED, or why there is no file of failed rows." }),
      created_at: instantView,
      finished_at: instantView.nullable(),
    })
    .openapi("Job"),
)

export const exportOrdersQuery = lazily(() =>
  z.strictObject({
    status: enumInput(orderStatuses).optional(),
    side: z.enum(["supplier", "buyer"]).optional().openapi({ description: "Orders that the organization got, or those it placed." }),
    from: instantInput.optional().openapi({ description: "Placed at or after this instant." }),
    to: instantInput.optional().openapi({ description: "Placed before this instant." }),
  }),
)

export type ExportOrdersQuery = z.output<typeof exportOrdersQuery>

export const csvText = z.string().openapi({ example: "sku,name,price\r\nTOM-001,Organic Tomatoes,5.99\r\n" })
