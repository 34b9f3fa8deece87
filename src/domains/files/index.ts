/** The only way into this domain. */
export { type AttachTo, attachFiles } from "./attach-files.ts"
export { fileViews } from "./file-views.ts"
export { fileEndpoints } from "./http.ts"
export { claimProductImage, type PlacedImage, placeProductImage } from "./product-image.ts"
export type { FilePurpose, FileSubject } from "./rules.ts"
export { type FileView, fileView } from "./schemas.ts"
export { sweepFiles, sweepOrphans } from "./sweep-files.ts"
export { type Signing, signFileUrl, urlGeneration } from "./views.ts"
