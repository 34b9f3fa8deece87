import { describe, expect, test } from "vitest"
import { endpoints } from "../../../src/domains/endpoints.ts"
import { eventPermissions } from "../../../src/domains/events/rules.ts"
import { errorCodes } from "../../../src/kernel/errors.ts"
import { idPrefixes } from "../../../src/kernel/ids.ts"
import { allPermissions, isPermission, isPlatformPermission, permissions } from "../../../src/platform/auth/permissions.ts"
import { builtInRoles } from "../../../src/platform/auth/roles.ts"
import { eventTypes } from "../../../src/platform/events/define-event.ts"
import { type EndpointSpec, fullPath, isMutation, permissionsRequired } from "../../../src/platform/http/endpoint.ts"
import { fieldsOf } from "../../../src/platform/http/schemas.ts"
import { filesUnder, read, root, withoutComments } from "../../support/repository.ts"

// Every declaration, also of events that no endpoint brings in.
for (const file of filesUnder("src", "events.ts")) await import(/* @vite-ignore */ `${root}/${file}`)

const specs = endpoints.map(({ spec }) => spec)
const named = (list: readonly EndpointSpec[]): string[] => list.map(({ operationId }) => operationId)
const code = [...filesUnder("src", ".ts"), ...filesUnder("durable-objects", ".ts")]
const bodies = code.map((path) => [path, withoutComments(read(path))] as const)
const duplicates = <T>(list: readonly T[]): T[] => list.filter((one, index) => list.indexOf(one) !== index)

describe("routes", () => {
  test("have ids that stand once, and one operation a method and path", () => {
    expect(specs.length).toBeGreaterThan(50)
    expect(duplicates(named(specs))).toEqual([])
    // Parameters' names aside: the router cannot tell {id} from {org_id}.
    expect(duplicates(specs.map((spec) => `${spec.method} ${fullPath(spec).replace(/\{\w+\}/g, "{}")}`))).toEqual([])
    expect(named(specs).filter((id) => !/^[a-z][A-Za-z]*$/.test(id))).toEqual([])
  })

  test("have kebab-case paths and snake_case parameters, all of them declared", () => {
    const segment = /^(?:\{[a-z][a-z_]*\}|[a-z][a-z0-9-]*(?:\.json)?)$/
    expect(
      specs.map(fullPath).filter(
        (path) =>
          !path
            .slice(1)
            .split("/")
            .every((part) => segment.test(part)),
      ),
    ).toEqual([])
    for (const spec of specs) {
      const inPath = [...spec.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const declared = Object.keys(fieldsOf(spec.params))
      expect(declared.sort(), spec.operationId).toEqual(inPath.sort())
    }
  })

  test("say what a mutation answers: 201, 200, 202 or 204, and a list's page", () => {
    expect(named(specs.filter(({ method, success }) => method === "delete" && success.status !== 204))).toEqual([])
    expect(named(specs.filter(({ success }) => success.status === 204 && success.schema !== undefined))).toEqual([])
    expect(named(specs.filter(({ success }) => ![101, 202, 204].includes(success.status) && success.schema === undefined))).toEqual([])
    for (const spec of specs.filter(({ isList }) => isList === true)) {
      expect(Object.keys(fieldsOf(spec.success.schema)), spec.operationId).toEqual(expect.arrayContaining(["data", "next_cursor"]))
      expect(Object.keys(fieldsOf(spec.query)), spec.operationId).toEqual(expect.arrayContaining(["limit", "cursor"]))
    }
  })

  test("declare no writer, body or deactivation rule where nothing changes", () => {
    const reads = specs.filter((spec) => !isMutation(spec))
    expect(
      named(
        reads.filter(
          ({ writer, body, allowedWhenDeactivated }) => writer !== undefined || body !== undefined || allowedWhenDeactivated !== undefined,
        ),
      ),
    ).toEqual([])
  })

  /**
   * A mutation's answer is kept by whoever writes: the Worker beside its batch unless the route says that the ledger
   * does. Each that says so must send a command, or a repeat would do it twice.
   */
  test("that leave repeats to the ledger send it a command, and those that send one say so", () => {
    const byLedger = named(specs.filter(({ writer }) => writer === "ledger")).sort()
    expect(byLedger).toEqual([
      "addBundleComponent",
      "archiveProduct",
      "createProduct",
      "createVariant",
      "createWarehouse",
      "damageUnit",
      "deleteWarehouse",
      "devReplayPast",
      "holdLot",
      "moveUnit",
      "placeOrder",
      "recallLot",
      "receiveUnits",
      "recordStockMovements",
      "releaseUnit",
      "removeBundleComponent",
      "removeProductImage",
      "reorder",
      "requestLink",
      "reserveUnit",
      "returnUnit",
      "sellUnit",
      "setLinkStatus",
      "setLinkTerms",
      "setOrderStatus",
      "updateProduct",
      "updateWarehouse",
    ])
    const commanding = bodies
      .filter(([path, body]) => path.startsWith("src/domains/") && /\bcommand\(ctx,/.test(body))
      .map(([path]) => path.split("/")[2])
    expect([...new Set(commanding)].sort()).toEqual([
      "bundles",
      "catalog",
      "hub",
      "inventory",
      "lots",
      "orders",
      "partners",
      "units",
      "warehouses",
    ])
  })

  test("of bodies and queries refuse what they do not know", () => {
    const loose: string[] = []
    for (const spec of specs) {
      for (const schema of [spec.params, spec.query, spec.body]) {
        if (schema === undefined) continue
        for (const part of objectsIn(schema)) if (part.def.catchall?._zod.def.type !== "never") loose.push(spec.operationId)
      }
    }
    expect([...new Set(loose)]).toEqual([])
  })

  test("are development's own or part of the document, save the documentation's assets", () => {
    const hidden = specs.filter(({ isHidden }) => isHidden === true)
    expect(named(hidden.filter(({ isDevelopmentOnly }) => isDevelopmentOnly !== true))).toEqual(["getDocsAsset"])
    expect(
      named(
        specs.filter(
          ({ isDevelopmentOnly, isHidden, path }) => isDevelopmentOnly === true && (isHidden !== true || !path.startsWith("./dev/")),
        ),
      ),
    ).toEqual([])
  })

  test("open to the public are these; a further one is a decision", () => {
    expect(named(specs.filter(({ access }) => access === "public")).sort()).toEqual([
      "confirmUnsubscribe",
      "devMakeSuperAdmin",
      "forgotPassword",
      "getDocsAsset",
      "getHealth",
      "getOpenApiDocument",
      "getReDoc",
      "getReadiness",
      "getSwaggerUi",
      "readKeptMails",
      "refreshSession",
      "register",
      "resetPassword",
      "signIn",
      "unsubscribe",
    ])
  })
})

type ZodNode = {
  readonly def: Record<string, unknown> & {
    readonly type: string
    readonly catchall?: { readonly _zod: { readonly def: { readonly type: string } } }
  }
}

/** Every object schema in a schema, wherever it is nested. */
function objectsIn(schema: unknown, seen = new Set<unknown>()): ZodNode[] {
  if (typeof schema !== "object" || schema === null || seen.has(schema)) return []
  seen.add(schema)
  const def = (schema as Partial<ZodNode>).def
  if (def === undefined) return Object.values(schema).flatMap((part) => objectsIn(part, seen))
  const inner = Object.entries(def).flatMap(([name, part]) =>
    name === "shape"
      ? Object.values(part as object).flatMap((one) => objectsIn(one, seen))
      : Array.isArray(part)
        ? part.flatMap((one) => objectsIn(one, seen))
        : objectsIn(part, seen),
  )
  return def.type === "object" ? [schema as ZodNode, ...inner] : inner
}

describe("permissions", () => {
  /** Held, but not yet asked for by any route: each says what it waits for. */
  const waiting: Readonly<Record<string, string>> = {}

  const onRoutes = new Set(specs.flatMap(({ access }) => permissionsRequired(access)))
  const inCode = new Set(
    bodies
      .filter(([path]) => !path.startsWith("src/platform/auth/"))
      .flatMap(([, body]) => [...body.matchAll(/"([a-z-]+\.[a-z-]+\.[a-z-]+)"/g)].map(([, name = ""]) => name)),
  )

  test("are each asked for by a route or a handler, or wait for one by name", () => {
    const unused = allPermissions.filter((permission) => !onRoutes.has(permission) && !inCode.has(permission))
    expect(unused).toEqual(Object.keys(waiting))
  })

  test("are each held by somebody, and what platform staff hold is theirs alone", () => {
    const held = Object.entries(builtInRoles) as ReadonlyArray<readonly [string, readonly string[]]>
    expect(allPermissions.filter((permission) => !held.some(([, list]) => list.includes(permission)))).toEqual([])
    for (const [role, list] of held) {
      expect(
        list.filter((permission) => isPermission(permission) && isPlatformPermission(permission) !== (role === "super_admin")),
        role,
      ).toEqual([])
      expect(duplicates(list), role).toEqual([])
    }
  })

  test("are named domain.noun.verb and described", () => {
    for (const [name, description] of Object.entries(permissions)) {
      expect(name).toMatch(/^[a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*$/)
      expect(description.length, name).toBeGreaterThan(10)
    }
  })
})

describe("events", () => {
  test("name the permission needed to see them, and it exists", () => {
    expect(eventTypes.size).toBeGreaterThan(15)
    for (const [name, { permission }] of eventTypes) {
      expect(isPermission(permission), `${name}: ${permission}`).toBe(true)
      expect(isPlatformPermission(permission), name).toBe(false)
    }
  })

  test("are read with the permissions that they name", () => {
    const named = [...eventTypes.values()].map(({ permission }) => permission)
    expect(named.filter((permission) => !(eventPermissions as readonly string[]).includes(permission))).toEqual([])
  })

  test("are past tense and dotted: entity.happened", () => {
    // An order's state that has no past tense of its own.
    const irregular = ["stock.low", "order.in_delivery", "unit.sold"]
    expect([...eventTypes.keys()].filter((name) => !/^[a-z_]+\.(?:[a-z]+_)*(?:[a-z]+ed|sent|withdrawn)$/.test(name))).toEqual(irregular)
  })

  test("are declared in their domain's events.ts", () => {
    const declaring = bodies.filter(([, body]) => /\b(?:defineEvent|eventsOf)\(/.test(body)).map(([path]) => path)
    expect(declaring.filter((path) => !path.endsWith("/events.ts"))).toEqual(["src/platform/events/define-event.ts"])
  })
})

describe("names on the wire", () => {
  test("of error codes are each used: a code that nothing answers says nothing", () => {
    const used = new Set(
      bodies
        .filter(([path]) => path !== "src/kernel/errors.ts")
        .flatMap(([, body]) => [...body.matchAll(/["']([A-Z][A-Z_]+)["']/g)].map(([, name = ""]) => name)),
    )
    expect(errorCodes.filter((code) => !used.has(code))).toEqual([])
  })

  test("of id prefixes stand once and are three letters", () => {
    const prefixes = Object.values(idPrefixes)
    expect(duplicates(prefixes)).toEqual([])
    expect(prefixes.filter((prefix) => !/^[a-z]{3}$/.test(prefix))).toEqual([])
  })

  test("of audit actions are domain.noun.verb", () => {
    const actions = bodies.flatMap(([path, body]) =>
      [...body.matchAll(/\baction: "([^"]+)"/g)].map(([, action = ""]) => ({ path, action })),
    )
    expect(actions.length).toBeGreaterThan(15)
    expect(actions.filter(({ action }) => !/^[a-z-]+\.[a-z-]+\.[a-z-]+$/.test(action))).toEqual([])
  })
})
