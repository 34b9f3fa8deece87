/** The only way into this domain. */
import { familyEndpoints } from "./http-families.ts"
import { variantEndpoints } from "./http-variants.ts"

export const hubEndpoints = [...familyEndpoints, ...variantEndpoints]
