// The reader's own fonts: ReDoc's usual ones come from a server of Google's.
const text = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
const code = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace"

window.Redoc.init(
  "/openapi.json",
  {
    hideDownloadButton: false,
    nativeScrollbars: true,
    theme: { typography: { fontFamily: text, headings: { fontFamily: text }, code: { fontFamily: code } } },
  },
  document.getElementById("redoc"),
)
