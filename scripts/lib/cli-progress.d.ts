declare module "cli-progress" {
  export type Options = {
    readonly format?: string
    readonly hideCursor?: boolean
    readonly clearOnComplete?: boolean
    readonly stopOnComplete?: boolean
  }
  export class SingleBar {
    increment(by?: number): void
    stop(): void
  }
  export class MultiBar {
    constructor(options: Options, preset?: object)
    create(total: number, startValue: number, payload?: Readonly<Record<string, string>>): SingleBar
    stop(): void
  }
  const cliProgress: { readonly MultiBar: typeof MultiBar; readonly Presets: { readonly shades_classic: object } }
  export default cliProgress
}
