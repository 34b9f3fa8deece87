export function fail(line: string, code?: number): never
