type Lock = {
  readonly packages?: Readonly<Record<string, { readonly version?: string; readonly integrity?: string; readonly optional?: boolean }>>
}

export function installedFits(lock: Lock, installed: Lock): boolean
export function installPackages(root: string): string | undefined
