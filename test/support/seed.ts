const text = (name: string): string | undefined => (import.meta as unknown as { env?: Record<string, string | undefined> }).env?.[name]

export const setting = (name: string): number | undefined => (text(name) === undefined ? undefined : Number(text(name)))

/**
 * Where every random test starts. The same each time, so that a change is judged by itself and not by its luck:
 * `VITE_SEED=7` walks other histories, `VITE_SEED=random` new ones, and a failing run prints its seed.
 */
export const seed = text("VITE_SEED") === "random" ? Date.now() % 2 ** 31 : (setting("VITE_SEED") ?? 1)
