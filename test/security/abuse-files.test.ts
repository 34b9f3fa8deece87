import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test } from "vitest"
import { hmacHex } from "../../src/kernel/digest.ts"
import { type FileId, newId, type OrganizationId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { minute } from "../../src/kernel/time.ts"
import { configOf } from "../../src/platform/env.ts"
import { signedUrlExpiry, signUrl, verifySignedUrl } from "../../src/platform/http/signed-url.ts"
import {
  type Bytes,
  call,
  concat,
  gif,
  hugePng,
  inPieces,
  jpegHead,
  nothingStored,
  pdf,
  png,
  send,
  stored,
  textBytes,
  uploaded,
} from "../support/files.ts"
import { signUp, type World } from "../support/world.ts"

/** Files that are not what they say, names that are paths, URLs that somebody changed, images that are larger than memory. */

let world: World
let stranger: World

beforeAll(async () => {
  world = await signUp(["supplier"])
  stranger = await signUp(["supplier"])
})

const purposes = ["product_image", "chat_attachment", "complaint_evidence", "kyb_document", "visit_photo", "infographic", "import"] as const
const upload = (token: string, purpose: string, body: Bytes, headers: Record<string, string> = {}, name = "photo.png") =>
  send("POST", `/files?${new URLSearchParams({ purpose, name }).toString()}`, { token, body, headers })

describe("a forged type", () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
  const zip = new Uint8Array([0x50, 0x4b, 0x03, 0x04, 0x14, 0, 0, 0, 8, 0, ...Array.from({ length: 60 }, () => 0)])
  const forged: ReadonlyArray<readonly [string, Bytes]> = [
    ["a page", textBytes("<!doctype html><script>alert(1)</script>")],
    ["a page behind blanks and a BOM", textBytes("\ufeff \r\n\t <html><body onload=alert(1)>")],
    ["SVG", textBytes(svg)],
    ["XML", textBytes(`<?xml version="1.0"?>${svg}`)],
    ["a zip, and so an office document", zip],
    ["gzip", new Uint8Array([0x1f, 0x8b, 8, 0, ...Array.from({ length: 60 }, () => 0)])],
    ["an executable", concat(textBytes("MZ"), new Uint8Array(100))],
    ["an ELF", concat(new Uint8Array([0x7f]), textBytes("ELF"), new Uint8Array(100))],
    ["nothing but zeros", new Uint8Array(1_000)],
    ["a PNG's signature alone", new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
    ["a JPEG's signature, and a page", concat(new Uint8Array([0xff, 0xd8, 0xff, 0xe0]), textBytes("<script>alert(1)</script>".repeat(10)))],
    ["a JPEG whose header never comes", jpegHead(10, 10).slice(0, 8)],
    ["PDF further in", concat(new Uint8Array([0, 1, 2]), pdf())],
    ["HEIC", concat(new Uint8Array([0, 0, 0, 24]), textBytes("ftypheic"), new Uint8Array(80))],
    ["UTF-16", new Uint8Array([0xff, 0xfe, 0x61, 0, 0x62, 0])],
    ["Latin-1", new Uint8Array([0x47, 0x72, 0xfc, 0xdf, 0x65])],
    ["text with a terminal's escape codes", textBytes("a\u001b[31mb")],
  ]

  test.each(forged)("%s is refused for every purpose, whatever its name and Content-Type say", async (_, bytes) => {
    const { token, org } = await signUp()
    for (const purpose of purposes) {
      for (const type of ["image/png", "application/pdf", "text/csv"]) {
        const { status, body } = await upload(token, purpose, bytes, { "content-type": type })
        expect([purpose, status, body.code]).toEqual([purpose, 415, "UNSUPPORTED_MEDIA_TYPE"])
      }
    }
    expect(await stored(org.id)).toEqual(nothingStored)
  })

  test("the wrong type for the purpose is refused", async () => {
    for (const [purpose, bytes] of [
      ["product_image", pdf()],
      ["product_image", textBytes("a;b")],
      ["import", await png()],
      ["import", pdf()],
      ["kyb_document", textBytes("trust me")],
      ["visit_photo", gif()],
    ] as const) {
      expect((await upload(world.token, purpose, bytes)).body.code, purpose).toBe("UNSUPPORTED_MEDIA_TYPE")
    }
  })

  test("text that turns into something else half-way is refused, and leaves nothing", async () => {
    const { token, org } = await signUp()
    const text = textBytes("a;b;c\n".repeat(200_000))
    for (const tail of [new Uint8Array([0xff]), new Uint8Array([0]), new Uint8Array([0xe2, 0x82])]) {
      const said = concat(text, tail)
      expect((await upload(token, "import", said)).body.code).toBe("UNSUPPORTED_MEDIA_TYPE")
      expect((await send("POST", "/files?purpose=import", { token, body: inPieces([text, tail]) })).body.code).toBe(
        "UNSUPPORTED_MEDIA_TYPE",
      )
    }
    expect(await stored(org.id)).toEqual(nothingStored)
  })

  test("INV-FIL-7: text that holds markup is served as text to be saved, and never as a page", async () => {
    const { url } = await uploaded(world.token, "chat_attachment", textBytes("hello <script>alert(1)</script>"), "page.html")
    const { headers } = await call("GET", url)
    expect(headers.get("content-type")).toBe("text/plain; charset=utf-8")
    expect(headers.get("content-disposition")).toBe("attachment; filename=page.html.txt")
    expect(headers.get("x-content-type-options")).toBe("nosniff")
    expect(headers.get("content-security-policy")).toContain("sandbox")
  })

  test("INV-FIL-7: an image with a page behind it is an image, and nothing that runs", async () => {
    const polyglot = concat(gif(), textBytes("<script>alert(1)</script>"))
    const { url } = await uploaded(world.token, "product_image", polyglot, "x.html")
    const { headers } = await call("GET", url)
    expect([headers.get("content-type"), headers.get("x-content-type-options")]).toEqual(["image/gif", "nosniff"])
    expect(headers.get("content-disposition")).toBe("inline; filename=x.html.gif")
    expect(headers.get("content-security-policy")).toBe("default-src 'none'; sandbox; frame-ancestors 'none'")
  })
})

describe("a bomb", () => {
  test("a body that would unpack to more is not unpacked: Content-Encoding is refused", async () => {
    const packed = new Uint8Array(
      await new Response(new Blob([new Uint8Array(10_000_000)]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer(),
    )
    for (const encoding of ["gzip", "deflate", "br", "GZIP"]) {
      const { body } = await upload(world.token, "import", packed, { "content-encoding": encoding })
      expect(body.code).toBe("UNSUPPORTED_MEDIA_TYPE")
    }
  })

  test("INV-FIL-5: a hundred megapixels, by a header of a few bytes, are refused before anything decodes them", async () => {
    const { token, org } = await signUp()
    const tooLarge: ReadonlyArray<Bytes> = [
      hugePng(10_000, 10_000),
      hugePng(100_000, 100),
      hugePng(0xffff_ffff, 0xffff_ffff),
      hugePng(0, 10),
      jpegHead(10_000, 10_000),
      jpegHead(65_535, 65_535, 200_000),
      jpegHead(0, 0),
      gif(40_000, 40_000),
    ]
    for (const bytes of tooLarge) {
      const { status, body } = await upload(token, "product_image", bytes)
      expect([status, body.errors?.[0].code]).toEqual([422, "TOO_MANY_PIXELS"])
    }
    expect(await stored(org.id)).toEqual(nothingStored)
    expect((await upload(token, "product_image", jpegHead(5_000, 4_000, 400_000))).status).toBe(201)
  })

  test("a header that hides behind megabytes of notes is not looked for", async () => {
    const { body } = await upload(world.token, "product_image", jpegHead(10, 10, limits.fileHeadBytesMax + 200_000))
    expect(body.code).toBe("UNSUPPORTED_MEDIA_TYPE")
  })

  test("INV-FIL-5: a GIF whose frames outgrow its header is never decoded here", async () => {
    const bytes = gif(1, 1)
    const file = await uploaded(world.token, "product_image", bytes)
    const response = await call("GET", `/files/${file.id}/content?width=160`, { token: world.token })
    expect([response.status, response.headers.get("content-type"), (await response.arrayBuffer()).byteLength]).toEqual([
      200,
      "image/gif",
      bytes.byteLength,
    ])
    expect((await stored(world.org.id)).keys.filter((key) => key.includes(`${file.id}/thumb`))).toEqual([])
  })

  test("an empty file, and one larger than its purpose takes", async () => {
    expect((await upload(world.token, "import", new Uint8Array(0))).body.errors[0].code).toBe("EMPTY")
    const large = concat(await png(), new Uint8Array(10 * 1_048_576))
    expect((await upload(world.token, "product_image", large)).status).toBe(413)
    expect((await send("POST", "/files?purpose=product_image", { token: world.token, body: inPieces([large]) })).status).toBe(413)
  })

  test("a form of a thousand parts, of endless fields, of broken headers, with two files or none", async () => {
    const { token, org } = await signUp()
    const part = (name: string, value: string, more = "") =>
      `--b\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`
    const file = part("file", "a;b", '; filename="a.csv"')
    const bad = [
      Array.from({ length: 1_000 }, (_, n) => part(`f${n}`, "x")).join("") + file,
      part("purpose", "x".repeat(100_000)) + file,
      part("purpose", "import") + part("purpose", "import") + file,
      part("purpose", "import") + file + file,
      part("purpose", "import") + file + part("name", "late"),
      part("purpose", "import"),
      `--b\r\n${"x".repeat(50_000)}\r\n\r\nx\r\n${file}`,
      part("purpose", "import") + part("file", "a", "; filename*=UTF-8''%zz"),
      part("__proto__", "import") + file,
      "no form at all",
      "",
    ]
    for (const body of bad) {
      const closed = body === "" || body.startsWith("no") ? body : `${body}--b--\r\n`
      const answer = await send("POST", "/files", { token, body: closed, headers: { "content-type": "multipart/form-data; boundary=b" } })
      expect([answer.status, answer.body.code, closed.slice(0, 60)]).toEqual([422, "VALIDATION_FAILED", closed.slice(0, 60)])
    }
    const noBoundary = await send("POST", "/files", { token, body: file, headers: { "content-type": "multipart/form-data" } })
    expect(noBoundary.status).toBe(422)
    expect(await stored(org.id)).toEqual(nothingStored)
  })
})

describe("a name", () => {
  const names = [
    "../../etc/passwd",
    "..",
    ".",
    "a/b.png",
    "..\\..\\windows\\system.ini",
    "a\u0000.png",
    "a\nb.png",
    "a\r\nset-cookie: x=1",
    "gnp.\u202eexe",
    "\u2066x\u2069",
    " ",
    "x".repeat(201),
    "\u001b[2J",
  ]

  test.each(names.map((name) => [JSON.stringify(name), name]))(
    "that is a path, or reads otherwise than it is written, is refused: %s",
    async (_, name) => {
      const { status, body } = await upload(world.token, "import", textBytes("a;b"), {}, name)
      expect([status, body.errors?.[0].pointer]).toEqual([422, "/query/name"])
    },
  )

  test("in a form is held to the same", async () => {
    for (const name of ["../x.csv", "a\\b.csv"]) {
      const form = new FormData()
      form.set("purpose", "import")
      form.set("name", name)
      form.set("file", new File(["a;b"], "a.csv"))
      expect((await send("POST", "/files", { token: world.token, body: form })).status).toBe(422)
    }
    const form =
      '--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nimport\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="../../x.csv"\r\n\r\na;b\r\n--b--\r\n'
    const answer = await send("POST", "/files", {
      token: world.token,
      body: form,
      headers: { "content-type": "multipart/form-data; boundary=b" },
    })
    expect(answer.status).toBe(422)
  })

  test("is quoted where it is told, and is never part of a key", async () => {
    const { token, org } = await signUp()
    const file = await uploaded(token, "import", textBytes("a;b"), 'a"; filename="evil.exe; ü.csv')
    const header = (await call("GET", file.url)).headers.get("content-disposition") ?? ""
    expect(header).toBe(
      `attachment; filename="a\\"; filename=\\"evil.exe; ?.csv"; filename*=UTF-8''a%22%3B%20filename%3D%22evil.exe%3B%20%C3%BC.csv`,
    )
    expect((await stored(org.id)).keys).toEqual([`${org.id}/import/${file.id}`])
  })
})

describe("a signed URL", () => {
  let url: URL
  let fileId: FileId
  let other: { id: string; url: string }

  beforeAll(async () => {
    const file = await uploaded(world.token, "product_image", await png(), "a.png")
    fileId = file.id as FileId
    url = new URL(file.url)
    other = await uploaded(stranger.token, "product_image", await png(), "b.png")
  })

  const changed = (change: (altered: URL) => void): string => {
    const altered = new URL(url)
    change(altered)
    return altered.href
  }
  const codeOf = async (href: string): Promise<string> => {
    const response = await call("GET", href)
    return response.status === 200 ? "200" : ((await response.json()) as { code: string }).code
  }
  const pathOf = (id: string): string => `/api/v1/files/${id}/content`

  test("opens what it was made for, without a token", async () => {
    expect(await codeOf(url.href)).toBe("200")
    expect(url.href).not.toMatch(/eyJ|Bearer|token/)
  })

  test("is refused however it is altered", async () => {
    const signature = url.searchParams.get("signature") ?? ""
    const set = (name: string, value: string) => changed(({ searchParams }) => searchParams.set(name, value))
    const altered = [
      set(
        "signature",
        signature.replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
      ),
      set("signature", signature.slice(0, -1)),
      set("signature", `${signature}0`),
      set("signature", signature.toUpperCase()),
      set("signature", ""),
      set("signature", "0".repeat(64)),
      set("expires", String(Number(url.searchParams.get("expires")) + 1)),
      set("expires", "9999999999"),
      set("expires", "1e12"),
      set("org", stranger.org.id),
      set("org", ""),
      set("width", "160"),
      changed(({ searchParams }) => searchParams.append("extra", "1")),
      changed(({ searchParams }) => searchParams.delete("expires")),
      changed(({ searchParams }) => searchParams.delete("org")),
      changed((one) => (one.pathname = pathOf(other.id))),
      changed((one) => (one.pathname = pathOf(newId("fil", Date.now())))),
    ]
    for (const href of altered) expect(await codeOf(href), href).toBe("UNAUTHENTICATED")
    expect(await codeOf(changed(({ searchParams }) => searchParams.delete("signature")))).toBe("UNAUTHENTICATED")
    expect(await codeOf(changed(({ searchParams }) => searchParams.append("signature", signature)))).toBe("VALIDATION_FAILED")
    // Another's URL for one's own file, and one's own for another's.
    const theirs = new URL(other.url)
    theirs.pathname = url.pathname
    expect(await codeOf(theirs.href)).toBe("UNAUTHENTICATED")
  })

  test("ends, by itself and with its file", async () => {
    const config = configOf(env)
    const at = (now: number) => signUrl({ config, publicUrl: "http://waybill.test", now }, pathOf(fileId), world.org.id as OrganizationId)
    const past = await at(Date.now() - 2 * limits.signedUrlMinutes * minute)
    expect(await codeOf(past.url)).toBe("TOKEN_EXPIRED")
    const now = Date.now()
    const { url: href, expiresAt } = await at(now)
    expect(expiresAt).toBe(signedUrlExpiry(now))
    const query = new URL(href).searchParams
    expect(await verifySignedUrl(config.JWT_KEYS, pathOf(fileId), query, expiresAt - 1)).toBe(world.org.id)
    await expect(verifySignedUrl(config.JWT_KEYS, pathOf(fileId), query, expiresAt)).rejects.toMatchObject({
      refusal: { code: "TOKEN_EXPIRED" },
    })
    const gone = await uploaded(world.token, "import", textBytes("a;b"))
    await call("DELETE", `/files/${gone.id}`, { token: world.token })
    expect(await codeOf(gone.url)).toBe("NOT_FOUND")
  })

  test("is good under every key of the ring, and under no other; nor is any other of our hashes a signature", async () => {
    const [first, second] = configOf(env).JWT_KEYS
    if (first === undefined || second === undefined) throw new Error("two keys are configured")
    const now = Date.now()
    const signedBy = async (secret: string) =>
      (
        await signUrl(
          { config: { JWT_KEYS: [{ kid: "x", secret }] }, publicUrl: "http://waybill.test", now },
          pathOf(fileId),
          world.org.id as OrganizationId,
        )
      ).url
    expect(await codeOf(await signedBy(second.secret))).toBe("200")
    expect(await codeOf(await signedBy("an-attackers-own-signing-key-of-some-length"))).toBe("UNAUTHENTICATED")
    const params = [...url.searchParams].filter(([name]) => name !== "signature").sort(([a], [b]) => (a < b ? -1 : 1))
    const unlabelled = await hmacHex(first.secret, JSON.stringify([pathOf(fileId), params]))
    expect(await codeOf(changed(({ searchParams }) => searchParams.set("signature", unlabelled)))).toBe("UNAUTHENTICATED")
    // The token's signature, brought as the URL's.
    const [, , tail = ""] = world.token.split(".")
    expect(await codeOf(changed(({ searchParams }) => searchParams.set("signature", tail)))).toBe("UNAUTHENTICATED")
  })

  test("opens its file's content and nothing else", async () => {
    const search = url.search
    for (const [method, path] of [
      ["GET", `/files/${fileId}`],
      ["DELETE", `/files/${fileId}`],
      ["GET", "/products"],
      ["GET", "/auth/me"],
    ] as const) {
      const { status, body } = await send(method, `${path}${search}`)
      expect([path, status, body.code]).toEqual([path, 401, "UNAUTHENTICATED"])
    }
  })

  test("does not stand in for a token that is no good", async () => {
    expect((await call("GET", url.href, { token: "garbage" })).status).toBe(401)
    expect((await call("GET", url.href, { token: stranger.token })).status).toBe(404)
  })
})

describe("another organization's file", () => {
  test("is as unknown as none, under every verb, and by ids that are none", async () => {
    const file = await uploaded(stranger.token, "product_image", await png())
    for (const id of [file.id, newId("fil", Date.now())]) {
      for (const [method, path] of [
        ["GET", `/files/${id}`],
        ["GET", `/files/${id}/content`],
        ["GET", `/files/${id}/content?width=160`],
        ["DELETE", `/files/${id}`],
      ] as const) {
        const { status, body } = await send(method, path, { token: world.token })
        expect([path, status, body.code, body.detail]).toEqual([path, 404, "NOT_FOUND", "There is no such file."])
      }
    }
    for (const id of ["x", "fil_", "..%2f..%2fsecret", `${stranger.org.id}`, "fil_01JD8X2Y3ZF4G5H6J7K8M9N0PQ", "%00"]) {
      expect([404, 422], id).toContain((await call("GET", `/files/${id}/content`, { token: world.token })).status)
    }
    expect((await stored(stranger.org.id)).rows.map(({ id }) => id)).toContain(file.id)
  })
})
