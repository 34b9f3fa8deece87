import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { endpoints } from "../src/domains/endpoints.ts"
import { tags } from "../src/domains/tags.ts"
import { openApiDocument } from "../src/platform/http/openapi.ts"
import { root } from "./lib/paths.mjs"

/** Writes test/openapi.json, the committed copy of the API's document: a diff in it is a change of the API, to be reviewed. */
writeFileSync(join(root, "test", "openapi.json"), `${JSON.stringify(openApiDocument(endpoints, { tags }), null, 2)}\n`)
