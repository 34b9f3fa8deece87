/** Does the work in one transaction of an object's own SQLite. Where that is rolled back, its store forgets what it keeps in memory. */
export function inTransaction<T>(storage: DurableObjectStorage, store: { forgetCached(): void }, work: () => T): T {
  try {
    return storage.transactionSync(work)
  } catch (error) {
    store.forgetCached()
    throw error
  }
}
