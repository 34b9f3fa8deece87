import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"

/** The repository as the architecture tests read it: files by their path from the root, always with slashes. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "")

const skipped = new Set(["node_modules", ".git", ".build", ".wrangler", "coverage"])

export const read = (path: string): string => readFileSync(join(root, path), "utf8")

/** Files under a folder, sorted, whose name ends so. */
export function filesUnder(folder: string, ending = ""): string[] {
  const files: string[] = []
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (skipped.has(entry.name)) continue
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) files.push(...filesUnder(path, ending))
    else if (entry.name.endsWith(ending)) files.push(path)
  }
  return files.sort()
}

/** Code with its comments blanked out, so that prose about a thing does not count as its use. Strings stay, lines keep their numbers. */
export function withoutComments(code: string): string {
  return code.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|(^|[\s;{}(),])\/\/[^\n]*/g,
    (whole, text: string | undefined, before: string | undefined) =>
      text ?? (before ?? "") + whole.slice((before ?? "").length).replace(/[^\n]/g, " "),
  )
}

export type Import = {
  /** The file that imports. */
  readonly from: string
  /** A path in this repository, or the package's specifier as written. */
  readonly to: string
  readonly isLocal: boolean
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']|(?:^|\n)\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g

/** Everything a file imports, types too: whoever knows a type knows the thing. */
export function importsOf(path: string): Import[] {
  return [...withoutComments(read(path)).matchAll(importPattern)].map(([, from, bare, dynamic]) => {
    const specifier = from ?? bare ?? dynamic ?? ""
    const isLocal = specifier.startsWith(".")
    return { from: path, to: isLocal ? relative(root, resolve(root, dirname(path), specifier)) : specifier, isLocal }
  })
}
