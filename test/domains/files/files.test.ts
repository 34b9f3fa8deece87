import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test } from "vitest"
import { limits } from "../../../src/kernel/limits.ts"
import { call, inPieces, nothingStored, pdf, png, send, stored, textBytes, uploaded } from "../../support/files.ts"
import { auditOf, hire, type Person, signUp, type World } from "../../support/world.ts"

let world: World
let clerk: Person

beforeAll(async () => {
  world = await signUp(["supplier", "buyer"])
  clerk = await hire(world.token, "staff")
})

const bytesOf = async (response: Response): Promise<Uint8Array> => new Uint8Array(await response.arrayBuffer())

const sha256 = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("")

describe("uploading", () => {
  test("the body itself: the type is found in it, and its digest is told", async () => {
    const { token, org } = await signUp()
    const bytes = pdf()
    const { status, body, headers } = await send("POST", "/files?purpose=complaint_evidence&name=delivery-note.pdf", {
      token,
      body: bytes,
      headers: { "content-type": "image/png" },
    })
    expect(status, JSON.stringify(body)).toBe(201)
    expect(body).toMatchObject({
      purpose: "complaint_evidence",
      name: "delivery-note.pdf",
      content_type: "application/pdf",
      size_bytes: bytes.byteLength,
      sha256: await sha256(bytes),
    })
    expect(headers.get("location")).toBe(`/api/v1/files/${body.id}`)
    const { keys, usage, rows } = await stored(org.id)
    expect(keys).toEqual([`${org.id}/complaint_evidence/${body.id}`])
    expect(usage).toBe(bytes.byteLength)
    expect(rows).toMatchObject([{ status: "READY", size_bytes: bytes.byteLength }])
    expect((await auditOf(org.id)).map(({ action }) => action)).toContain("files.file.upload")
  })

  test("a form: purpose, name, then file", async () => {
    const { token, org } = await signUp()
    const form = new FormData()
    form.set("purpose", "chat_attachment")
    form.set("name", "Überblick.txt")
    form.set("file", new File(["Guten Tag, Frau Müller"], "ignored.txt"))
    const { status, body } = await send("POST", "/files", { token, body: form })
    expect(status, JSON.stringify(body)).toBe(201)
    expect(body).toMatchObject({ purpose: "chat_attachment", name: "Überblick.txt", content_type: "text/plain", size_bytes: 23 })
    const content = await call("GET", `/files/${body.id}/content`, { token })
    expect(await content.text()).toBe("Guten Tag, Frau Müller")
    expect((await stored(org.id)).usage).toBe(23)
  })

  test("a form's file names itself where nothing else does, and a body without a name gets one", async () => {
    const form = new FormData()
    form.set("purpose", "visit_photo")
    form.set("file", new File([await png()], "shelf.png"))
    expect((await send("POST", "/files", { token: world.token, body: form })).body).toMatchObject({
      name: "shelf.png",
      content_type: "image/png",
    })
    const { body } = await send("POST", "/files?purpose=import", { token: world.token, body: "sku;name\nTOM;Tomatoes\n" })
    expect(body).toMatchObject({ name: "import.csv", content_type: "text/csv" })
  })

  test("in pieces, of a length that nobody said", async () => {
    const { token, org } = await signUp()
    const bytes = await png(300, 200)
    const pieces = Array.from({ length: Math.ceil(bytes.byteLength / 700) }, (_, n) => bytes.slice(n * 700, (n + 1) * 700))
    const { status, body } = await send("POST", "/files?purpose=product_image", { token, body: inPieces(pieces) })
    expect(status, JSON.stringify(body)).toBe(201)
    expect(body.sha256).toBe(await sha256(bytes))
    expect((await stored(org.id)).usage).toBe(bytes.byteLength)
  })

  test("asks for a purpose, and takes no field that it does not know", async () => {
    for (const path of ["/files", "/files?purpose=anything"]) {
      const { status, body } = await send("POST", path, { token: world.token, body: pdf() })
      expect([status, body.code, body.errors[0].pointer]).toEqual([422, "VALIDATION_FAILED", "/query/purpose"])
    }
    const form = new FormData()
    form.set("purpose", "chat_attachment")
    form.set("org_id", "org_x")
    form.set("file", new File(["x"], "x.txt"))
    expect((await send("POST", "/files", { token: world.token, body: form })).body.errors[0].code).toBe("UNKNOWN_FIELD")
  })

  test("is refused by role, and to whoever did not sign in", async () => {
    expect((await send("POST", "/files?purpose=import", { body: "a;b" })).body.code).toBe("UNAUTHENTICATED")
    const { body: role } = await send("POST", "/roles", {
      token: world.token,
      body: JSON.stringify({ name: "reader_only", permissions: ["orders.order.read"] }),
      headers: { "content-type": "application/json" },
    })
    const reader = await hire(world.token, role.name)
    expect((await send("POST", "/files?purpose=import", { token: reader.token, body: "a;b" })).body.code).toBe("FORBIDDEN")
  })
})

describe("an upload under one Idempotency-Key", () => {
  test("comes again and gets the first file; other bytes or another name are another request", async () => {
    const { token, org } = await signUp()
    const headers = { "idempotency-key": crypto.randomUUID() }
    const bytes = pdf()
    const first = await send("POST", "/files?purpose=import&name=a.csv", { token, headers, body: "a;b\n1;2" })
    expect(first.status).toBe(201)
    const again = await send("POST", "/files?purpose=import&name=a.csv", { token, headers, body: "a;b\n1;2" })
    expect([again.status, again.body]).toEqual([201, first.body])
    for (const [path, body] of [
      ["/files?purpose=import&name=a.csv", "a;b\n1;3"],
      ["/files?purpose=import&name=b.csv", "a;b\n1;2"],
      ["/files?purpose=chat_attachment&name=a.csv", bytes],
    ] as const) {
      expect((await send("POST", path, { token, headers, body })).body.code).toBe("IDEMPOTENCY_KEY_REUSED")
    }
    const { rows, keys } = await stored(org.id)
    expect([rows.length, keys.length]).toEqual([1, 1])
  })

  test("comes again as a form, whose boundary is a fresh one", async () => {
    const { token, org } = await signUp()
    const headers = { "idempotency-key": crypto.randomUUID() }
    const form = () => {
      const made = new FormData()
      made.set("purpose", "import")
      made.set("file", new File(["a;b\n"], "a.csv"))
      return made
    }
    const first = await send("POST", "/files", { token, headers, body: form() })
    const again = await send("POST", "/files", { token, headers, body: form() })
    expect([first.status, again.body.id]).toEqual([201, first.body.id])
    expect((await stored(org.id)).rows.length).toBe(1)
  })

  test("comes twice at once, and is one file", async () => {
    const { token, org } = await signUp()
    const headers = { "idempotency-key": crypto.randomUUID() }
    const answers = await Promise.all([1, 2, 3].map(() => send("POST", "/files?purpose=import", { token, headers, body: "a;b\n1;2" })))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    const { rows, keys, usage } = await stored(org.id)
    expect([rows.length, keys.length, usage]).toEqual([1, 1, 7])
  })
})

describe("INV-FIL-6: an upload that breaks off leaves nothing", () => {
  test("whether it said its length or not, is short or long", async () => {
    const { token, org } = await signUp()
    const megabyte = new Uint8Array(1_048_576).fill(0x61)
    for (const count of [1, 7]) {
      const body = inPieces(
        Array.from({ length: count }, () => megabyte),
        new Error("gone"),
      )
      const { status, body: said } = await send("POST", "/files?purpose=import", { token, body })
      expect([status, said.code]).toEqual([422, "VALIDATION_FAILED"])
    }
    const broken = inPieces([pdf(), megabyte], new Error("gone"))
    const answer = await send("POST", "/files?purpose=kyb_document", { token, body: broken, headers: { "content-length": "2000000" } })
    expect(answer.status).toBe(422)
    const short = await send("POST", "/files?purpose=kyb_document", {
      token,
      body: inPieces([pdf()]),
      headers: { "content-length": "2000000" },
    })
    expect(short.status).toBeGreaterThanOrEqual(400)
    expect(await stored(org.id)).toEqual(nothingStored)
  })

  test("a form that ends in the middle", async () => {
    const { token, org } = await signUp()
    const head =
      '--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nimport\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\na;b;c'
    const { status } = await send("POST", "/files", { token, body: head, headers: { "content-type": "multipart/form-data; boundary=b" } })
    expect(status).toBe(422)
    expect(await stored(org.id)).toEqual(nothingStored)
  })
})

describe("reading", () => {
  test("what belongs to nothing is its uploader's alone", async () => {
    const file = await uploaded(clerk.token, "chat_attachment", pdf())
    for (const path of [`/files/${file.id}`, `/files/${file.id}/content`]) {
      expect((await call("GET", path, { token: clerk.token })).status).toBe(200)
      expect((await call("GET", path, { token: world.token })).status).toBe(404)
      expect((await call("GET", path, { token: (await signUp()).token })).status).toBe(404)
    }
  })

  test("by a signed URL, without a token: as what it is, and as nothing that runs", async () => {
    const bytes = await png()
    const file = await uploaded(world.token, "product_image", bytes, "Tomaten „rot“.png")
    const response = await call("GET", file.url)
    expect(response.status).toBe(200)
    expect(await bytesOf(response)).toEqual(new Uint8Array(bytes))
    const { headers } = response
    expect(headers.get("content-type")).toBe("image/png")
    expect(headers.get("x-content-type-options")).toBe("nosniff")
    expect(headers.get("content-security-policy")).toBe("default-src 'none'; sandbox; frame-ancestors 'none'")
    expect(headers.get("content-disposition")).toBe(
      `inline; filename="Tomaten ?rot?.png"; filename*=UTF-8''Tomaten%20%E2%80%9Erot%E2%80%9C.png`,
    )
    expect(headers.get("content-length")).toBe(String(bytes.byteLength))
    expect(headers.get("accept-ranges")).toBe("bytes")
    expect(headers.get("cache-control")).toMatch(/^private, max-age=\d+, immutable$/)
    expect(headers.get("etag")).toBe(`"${file.sha256.slice(0, 32)}"`)
  })

  test("INV-FIL-7: what is no image is for saving, under a name that its type has", async () => {
    const file = await uploaded(world.token, "chat_attachment", pdf(), "invoice.exe")
    expect((await call("GET", file.url)).headers.get("content-disposition")).toBe("attachment; filename=invoice.exe.pdf")
  })

  test("the URL is the same within a quarter of an hour, and so is the ETag of what shows it", async () => {
    const file = await uploaded(world.token, "import", textBytes("a;b"))
    const first = await call("GET", `/files/${file.id}`, { token: world.token })
    const { url, url_expires_at } = (await first.json()) as { url: string; url_expires_at: string }
    expect(url).toBe(file.url)
    const left = Date.parse(url_expires_at) - Date.now()
    expect(left).toBeGreaterThan(limits.signedUrlMinutes * 60_000 - 60_000)
    expect(left).toBeLessThanOrEqual(2 * limits.signedUrlMinutes * 60_000)
    const etag = first.headers.get("etag") ?? ""
    expect((await call("GET", `/files/${file.id}`, { token: world.token, headers: { "if-none-match": etag } })).status).toBe(304)
  })

  test("in ranges", async () => {
    const bytes = textBytes("0123456789")
    const file = await uploaded(world.token, "import", bytes)
    const ask = (range: string, headers: Record<string, string> = {}) => call("GET", file.url, { headers: { range, ...headers } })
    for (const [range, part, contentRange] of [
      ["bytes=0-3", "0123", "bytes 0-3/10"],
      ["bytes=7-", "789", "bytes 7-9/10"],
      ["bytes=-2", "89", "bytes 8-9/10"],
      ["bytes=5-500", "56789", "bytes 5-9/10"],
      ["bytes=-500", "0123456789", "bytes 0-9/10"],
    ] as const) {
      const response = await ask(range)
      expect([range, response.status, response.headers.get("content-range"), response.headers.get("content-length")]).toEqual([
        range,
        206,
        contentRange,
        String(part.length),
      ])
      expect(await response.text()).toBe(part)
    }
    for (const range of ["bytes=0-1,3-4", "lines=1-2", "bytes=5-2", "bytes=", "x"]) {
      const response = await ask(range)
      expect([range, response.status, await response.text()]).toEqual([range, 200, "0123456789"])
    }
    for (const range of ["bytes=10-", "bytes=99-100", "bytes=-0"]) {
      const response = await ask(range)
      expect([range, response.status, response.headers.get("content-range")]).toEqual([range, 416, "bytes */10"])
      expect(((await response.json()) as { code: string }).code).toBe("RANGE_NOT_SATISFIABLE")
    }
    const etag = `"${file.sha256.slice(0, 32)}"`
    expect((await ask("bytes=0-3", { "if-range": etag })).status).toBe(206)
    expect((await ask("bytes=0-3", { "if-range": '"another"' })).status).toBe(200)
  })

  test("not again what the reader has", async () => {
    const file = await uploaded(world.token, "import", textBytes("0123456789"))
    const headers = { "if-none-match": `W/"x", "${file.sha256.slice(0, 32)}"` }
    const response = await call("GET", file.url, { headers })
    expect([response.status, await response.text(), response.headers.get("etag")]).toEqual([304, "", `"${file.sha256.slice(0, 32)}"`])
    expect((await call("GET", file.url, { headers: { "if-none-match": '"other"' } })).status).toBe(200)
  })

  test("small: made once, kept beside it, and gone with it", async () => {
    const { token, org } = await signUp()
    const file = await uploaded(token, "product_image", await png(800, 600))
    const { body } = await send("GET", `/files/${file.id}?width=160`, { token })
    const response = await call("GET", body.url)
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/webp"])
    const small = await bytesOf(response)
    const { width, height, format } = (await env.IMAGES.info(new Blob([small]).stream())) as {
      width: number
      height: number
      format: string
    }
    expect([width, height, format]).toEqual([160, 120, "image/webp"])
    const key = `${org.id}/product_image/${file.id}`
    expect((await stored(org.id)).keys).toEqual([key, `${key}/thumb-160`])
    expect(await bytesOf(await call("GET", `/files/${file.id}/content?width=160`, { token }))).toEqual(small)
    expect((await send("DELETE", `/files/${file.id}`, { token })).status).toBe(204)
    expect(await stored(org.id)).toEqual(nothingStored)
  })

  test("small of images alone, in a few widths; what does not decode says so", async () => {
    const { token } = world
    const document = await uploaded(token, "chat_attachment", pdf())
    const image = await uploaded(token, "product_image", await png())
    for (const path of [
      `/files/${document.id}/content?width=160`,
      `/files/${document.id}?width=160`,
      `/files/${image.id}/content?width=161`,
    ]) {
      expect((await send("GET", path, { token })).body.errors[0].pointer).toBe("/query/width")
    }
    const broken = (await png(200, 200)).slice(0, 90)
    const half = await uploaded(token, "product_image", broken)
    expect((await send("GET", `/files/${half.id}/content?width=160`, { token })).body.errors[0].code).toBe("UNDECODABLE")
  })
})

describe("deleting", () => {
  test("INV-FIL-2: by the uploader, or by whoever manages files; by nobody else", async () => {
    const mine = await uploaded(clerk.token, "import", textBytes("a;b"))
    const other = await hire(world.token, "staff")
    expect((await send("DELETE", `/files/${mine.id}`, { token: other.token })).status).toBe(404)
    expect((await send("DELETE", `/files/${mine.id}`, { token: (await signUp()).token })).status).toBe(404)
    const headers = { "idempotency-key": crypto.randomUUID() }
    expect((await send("DELETE", `/files/${mine.id}`, { token: clerk.token, headers })).status).toBe(204)
    expect((await send("DELETE", `/files/${mine.id}`, { token: clerk.token, headers })).status).toBe(204)
    expect((await send("DELETE", `/files/${mine.id}`, { token: clerk.token })).status).toBe(404)
    const theirs = await uploaded(clerk.token, "import", textBytes("a;b"))
    expect((await send("DELETE", `/files/${theirs.id}`, { token: world.token })).status).toBe(204)
    expect((await call("GET", theirs.url)).status).toBe(404)
    expect((await auditOf(world.org.id)).filter(({ action }) => action === "files.file.delete").length).toBe(2)
  })
})
