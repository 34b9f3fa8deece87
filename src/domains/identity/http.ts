import type { Endpoint } from "../../platform/http/endpoint.ts"
import { accessEndpoints } from "./http-access.ts"
import { authEndpoints } from "./http-auth.ts"
import { userEndpoints } from "./http-users.ts"

export const identityEndpoints: readonly Endpoint[] = [...authEndpoints, ...userEndpoints, ...accessEndpoints]
