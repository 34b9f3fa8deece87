export function prepareDocsAssets(root: string): void
