/**
 * The Worker's own bindings with somebody in between: who listens to what the API asks of them, or who keeps it waiting.
 * One place for both, so that whatever is recorded is also what is delayed.
 */
export type Said = { readonly sql: string; readonly params: readonly unknown[] }

/** Called around each round trip to D1, with the statements it carries. */
export type AroundTrip = <T>(said: readonly Said[], go: () => Promise<T>) => Promise<T>

export type ObjectCall = { readonly name: string; readonly method: string; readonly args: readonly unknown[] }

/** Called around each call of an object. */
export type AroundCall = (call: ObjectCall, go: () => Promise<unknown>) => Promise<unknown>

/** A database whose every trip goes through `around`, be it a batch or a statement run alone. */
export function aroundDatabase(database: D1Database, around: AroundTrip): D1Database {
  const known = new WeakMap<object, { readonly statement: D1PreparedStatement; readonly said: Said }>()
  const wrap = (statement: D1PreparedStatement, said: Said): D1PreparedStatement => {
    const wrapped = {
      bind: (...params: unknown[]) => wrap(statement.bind(...params), { sql: said.sql, params }),
      all: () => around([said], () => statement.all()),
      run: () => around([said], () => statement.run()),
      raw: (options?: { columnNames?: false }) => around([said], () => statement.raw(options)),
      first: (column?: string) => around([said], () => (column === undefined ? statement.first() : statement.first(column))),
    }
    known.set(wrapped, { statement, said })
    return wrapped as unknown as D1PreparedStatement
  }
  const wrappedDatabase = {
    prepare: (sql: string) => wrap(database.prepare(sql), { sql, params: [] }),
    batch: (list: readonly D1PreparedStatement[]) => {
      const inner = list.flatMap((one) => known.get(one) ?? [])
      return around(
        inner.map(({ said }) => said),
        () => database.batch(inner.map(({ statement }) => statement)),
      )
    },
  }
  return wrappedDatabase as unknown as D1Database
}

/** What was asked of the bucket. */
export type BucketUse = { readonly verb: "put" | "get"; readonly key: string; readonly range?: R2GetOptions["range"] }

/** A bucket that tells what is read from it and written to it. */
export function hearingBucket(bucket: R2Bucket, heard: (use: BucketUse) => void): R2Bucket {
  const wrapped = {
    get: (key: string, options?: R2GetOptions) => {
      heard({ verb: "get", key, ...(options?.range === undefined ? {} : { range: options.range }) })
      return bucket.get(key, options)
    },
    put: (key: string, value: ReadableStream | ArrayBufferView | null, options?: R2PutOptions) => {
      heard({ verb: "put", key })
      return bucket.put(key, value, options)
    },
    delete: (keys: string | string[]) => bucket.delete(keys),
  }
  return wrapped as unknown as R2Bucket
}

type Methods = Readonly<Record<string, ((...args: readonly unknown[]) => Promise<unknown>) | undefined>>

/** A method of an object, called as a property of its stub: taken off it, it would not know whom to call. */
export function callObject<O extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<O>,
  { name, method, args }: ObjectCall,
): Promise<unknown> {
  const stub = namespace.get(namespace.idFromName(name)) as unknown as Methods
  return stub[method]?.(...args) ?? Promise.reject(new Error(`the object has no ${method}`))
}

/** A namespace of objects named by text, every call of which goes through `around`. */
export function aroundObjects<O extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<O>,
  around: AroundCall,
): DurableObjectNamespace<O> {
  const stubOf = (name: string): object =>
    new Proxy(
      {},
      {
        get: (_, method) => {
          const call = (args: readonly unknown[]): ObjectCall => ({ name, method: String(method), args })
          return (...args: readonly unknown[]) => around(call(args), () => callObject(namespace, call(args)))
        },
      },
    )
  const wrapped = {
    idFromName: (name: string) => namespace.idFromName(name),
    get: ({ name }: DurableObjectId) => stubOf(name ?? ""),
    getByName: (name: string) => stubOf(name),
  }
  return wrapped as unknown as DurableObjectNamespace<O>
}
