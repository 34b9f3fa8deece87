/** Runs statements on D1 for whoever holds the server. It is asked over HTTP: Miniflare's own way in blocks Node, which must be free to read what workerd prints. */
export default {
  async fetch(request, env) {
    const statements = await request.json()
    try {
      const results = await env.DB.batch(statements.map(({ sql, params = [] }) => env.DB.prepare(sql).bind(...params)))
      return Response.json(results.map((result) => result.results))
    } catch (error) {
      return new Response(String(error), { status: 500 })
    }
  },
}
