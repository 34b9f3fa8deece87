export type Series = { readonly name: string; readonly points: ReadonlyArray<{ readonly x: number; readonly y: number }> }

/** One pair of axes, both logarithmic. `reference` names a dashed line that grows as x does. */
export type Panel = { readonly title: string; readonly series: readonly Series[]; readonly reference: string }

const panelWidth = 520
const height = 440
const margin = { top: 44, right: 168, bottom: 40, left: 52 } as const
const labelGap = 15

/** Of middling lightness, so that each is seen on white and on black. */
const colours = ["#3b82f6", "#ef6c3e", "#10a37f", "#b45bd6", "#c99a06", "#e0527a", "#1aa5b8", "#7a8b99"] as const
const dashes = ["", "6 3", "2 3"] as const

const style = `<style>
  text { font: 12px system-ui, sans-serif; fill: #4b5563; }
  .title { font-weight: 600; font-size: 13px; }
  .grid { stroke: #9ca3af; stroke-opacity: 0.35; }
  .reference { stroke: #9ca3af; stroke-dasharray: 2 5; }
  @media (prefers-color-scheme: dark) { text { fill: #c3cad4; } }
</style>`

/** The panels beside each other, as one SVG without a background. Pure: the same numbers, the same bytes. */
export function svgOf(panels: readonly Panel[]): string {
  const width = panels.length * panelWidth
  const drawn = panels.map((panel, index) => `<g transform="translate(${index * panelWidth} 0)">\n${panelSvg(panel)}\n</g>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">\n${style}\n${drawn.join("\n")}\n</svg>\n`
}

type Place = (value: number) => number

function panelSvg({ title, series, reference }: Panel): string {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b)
  const ys = series.flatMap(({ points }) => points.map(({ y }) => y)).filter((y) => y > 0)
  const [lowest, highest] = [decade(Math.min(...ys), Math.floor), decade(Math.max(...ys), Math.ceil)]
  const x = logarithmic(xs[0] ?? 1, xs.at(-1) ?? 10, margin.left, panelWidth - margin.right)
  const y = logarithmic(lowest, highest, height - margin.bottom, margin.top)
  return [
    text(margin.left, margin.top - 22, title, "title"),
    ...decades(lowest, highest).map((at) => gridLine(y(at), grouped(at))),
    ...xs.map((at) => text(x(at), height - margin.bottom + 18, `${at}×`, "", "middle")),
    referenceLine(xs, x, y, { lowest, highest, reference }),
    ...series.map((one, index) => curve(one, index, x, y)),
    ...labels(series, y),
  ].join("\n")
}

/** Powers of ten around a value. */
const decade = (value: number, round: (power: number) => number): number => 10 ** round(Math.log10(value))

function decades(lowest: number, highest: number): number[] {
  const all: number[] = []
  for (let at = lowest; at <= highest * 1.0001; at *= 10) all.push(at)
  return all
}

/** From a range of values to a range of the drawing. A range that holds one value is drawn in its middle. */
function logarithmic(from: number, to: number, start: number, end: number): Place {
  const span = Math.log10(to / from)
  return (value) => round(span === 0 ? (start + end) / 2 : start + ((end - start) * Math.log10(Math.max(value, from) / from)) / span)
}

const round = (value: number): number => Math.round(value * 10) / 10

const gridLine = (at: number, label: string): string =>
  `<line class="grid" x1="${margin.left}" x2="${panelWidth - margin.right}" y1="${at}" y2="${at}"/>${text(margin.left - 6, at + 4, label, "", "end")}`

/** What growing with the world would look like, from the lowest corner up to where the panel ends. */
function referenceLine(xs: readonly number[], x: Place, y: Place, range: { lowest: number; highest: number; reference: string }): string {
  const { lowest, highest, reference } = range
  const [first = 1, last = first] = [xs[0], xs.at(-1)]
  const end = Math.min(last, (first * highest) / lowest)
  const quarter = (end / first) ** 0.25
  const label = text(x(first * quarter) + 12, y(lowest * quarter) + 14, reference)
  return `<line class="reference" x1="${x(first)}" y1="${y(lowest)}" x2="${x(end)}" y2="${y((lowest * end) / first)}"/>${label}`
}

const colourOf = (index: number): string => colours[index % colours.length] ?? colours[0]
const dashOf = (index: number): string => dashes[Math.floor(index / colours.length) % dashes.length] ?? ""

function curve({ points }: Series, index: number, x: Place, y: Place): string {
  const path = points.map((point) => `${x(point.x)},${y(point.y)}`).join(" ")
  const dots = points.map((point) => `<circle cx="${x(point.x)}" cy="${y(point.y)}" r="2.5" fill="${colourOf(index)}"/>`)
  return `<polyline fill="none" stroke="${colourOf(index)}" stroke-width="1.6" stroke-dasharray="${dashOf(index)}" points="${path}"/>${dots.join("")}`
}

/** Names at the right end of their lines, pushed apart where lines lie on each other, each tied to its line. */
function labels(series: readonly Series[], y: Place): string[] {
  const wanted = series
    .map(({ name, points }, index) => ({ name, index, end: y(points.at(-1)?.y ?? 0) }))
    .sort((a, b) => a.end - b.end || a.index - b.index)
  const places = spread(
    wanted.map(({ end }) => end),
    labelGap,
    margin.top,
    height - margin.bottom,
  )
  const right = panelWidth - margin.right
  return wanted.map(({ name, index, end }, place) => {
    const at = places[place] ?? end
    const tie = `<line x1="${right + 4}" y1="${end}" x2="${right + 18}" y2="${at}" stroke="${colourOf(index)}" stroke-opacity="0.6"/>`
    return `${tie}${text(right + 22, at + 4, name)}`
  })
}

/** Ascending places moved as little as keeps them a gap apart within bounds: those too near form a block around their common middle. */
export function spread(wanted: readonly number[], gap: number, from: number, to: number): number[] {
  const last = Math.max(from, to - gap * (wanted.length - 1))
  const blocks: Array<{ sum: number; count: number }> = []
  for (const [index, place] of wanted.entries()) {
    let block = { sum: place - index * gap, count: 1 }
    for (let before = blocks.at(-1); before !== undefined && middle(before) > middle(block); before = blocks.at(-1)) {
      block = { sum: before.sum + block.sum, count: before.count + block.count }
      blocks.pop()
    }
    blocks.push(block)
  }
  const starts = blocks.flatMap((block) => Array.from({ length: block.count }, () => Math.min(last, Math.max(from, middle(block)))))
  return starts.map((start, index) => round(start + index * gap))
}

const middle = ({ sum, count }: { readonly sum: number; readonly count: number }): number => sum / count

const escaped: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }

function text(x: number, y: number, content: string, kind = "", anchor = "start"): string {
  const safe = content.replace(/[&<>"]/g, (character) => escaped[character] ?? "")
  return `<text${kind === "" ? "" : ` class="${kind}"`} x="${x}" y="${y}" text-anchor="${anchor}">${safe}</text>`
}

const grouped = (value: number): string => value.toLocaleString("en-US")
