/** The only way into this domain. */
export { attachFiles } from "./attach-files.ts"
export { fileViews } from "./file-views.ts"
export { fileEndpoints } from "./http.ts"
export { dropImportFile, readImportFile, takeImportFile, writeImportFile } from "./import-file.ts"
export { claimProductImage, placeProductImage } from "./product-image.ts"
export { fileNameInput } from "./schemas.ts"
export { sweepFiles, sweepOrphans } from "./sweep-files.ts"
export { signFileUrl, urlGeneration } from "./views.ts"
