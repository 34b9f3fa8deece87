/** What the benchmark's own uploads are called, so that they are found again. */
export const benchFileName = "bench-upload.pdf"
