import { type Axis, linearAxis, logAxis, logAxisOf } from './axis'
import type { Figure } from './figure'

export interface Series {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: Figure }[]
  /** Whether it is a limit rather than a measurement: drawn grey and dashed. */
  readonly isBound?: boolean
}

export interface Plot {
  readonly title: string
  /** Name of what x is, with its unit; `yLabel` likewise. */
  readonly xLabel: string
  readonly yLabel: string
  readonly isLogY?: boolean
  readonly series: readonly Series[]
}

const WIDTH = 720
const HEIGHT = 420
const FRAME = { left: 72, right: 28, top: 72, bottom: 52 }
/** Width of a letter of the legend, about. */
const LETTER_WIDTH = 7

/** Colours after Okabe and Ito, which differ for the colour-blind too; each is readable on white and on near-black. */
const COLOURS = ['#d55e00', '#b8860b', '#2f8fd0', '#009e73', '#cc79a7']
const BOUND_COLOUR = '#888'

const STYLE = `
  svg { background: #fff; color: #222; font: 13px system-ui, sans-serif }
  text { fill: currentColor }
  .title { font-size: 16px; font-weight: 600 }
  .grid { stroke: currentColor; opacity: .15 }
  @media (prefers-color-scheme: dark) { svg { background: #161616; color: #ddd } }`

/** A plot of medians joined by lines, with whiskers from lowest to highest; the x axis is logarithmic with a tick at every point. */
export function plotSvg({ title, xLabel, yLabel, isLogY, series }: Plot): string {
  const points = series.flatMap(each => each.points)
  const x = logAxisOf([...new Set(points.map(point => point.x))].sort((a, b) => a - b))
  const y = (isLogY ? logAxis : linearAxis)(points.flatMap(point => [point.y.min, point.y.max]))
  const inside = WIDTH - FRAME.left - FRAME.right
  const left = (value: number) => round(FRAME.left + x.place(value) * inside)
  const top = (value: number) => round(HEIGHT - FRAME.bottom - y.place(value) * (HEIGHT - FRAME.top - FRAME.bottom))
  const colour = colours(series)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}</style>`,
    `<text class="title" x="${FRAME.left}" y="24">${escaped(title)}</text>`,
    ...grid(x, y, left, top),
    `<text text-anchor="middle" x="${FRAME.left + inside / 2}" y="${HEIGHT - 12}">${escaped(xLabel)}</text>`,
    `<text text-anchor="middle" transform="translate(18 ${HEIGHT / 2}) rotate(-90)">${escaped(yLabel)}</text>`,
    ...series.map((each, index) => line(each, colour[index], left, top)),
    ...series.map((each, index) => legend(each, colour[index], FRAME.left + legendWidth(series.slice(0, index)))),
    '</svg>',
  ].join('\n')
}

type Place = (value: number) => number

function grid(x: Axis, y: Axis, left: Place, top: Place): string[] {
  return [
    ...y.ticks.flatMap(tick => [
      `<line class="grid" x1="${FRAME.left}" x2="${WIDTH - FRAME.right}" y1="${top(tick)}" y2="${top(tick)}"/>`,
      `<text text-anchor="end" x="${FRAME.left - 8}" y="${top(tick) + 4}">${label(tick)}</text>`,
    ]),
    ...x.ticks.map(
      tick => `<text text-anchor="middle" x="${left(tick)}" y="${HEIGHT - FRAME.bottom + 18}">${label(tick)}</text>`,
    ),
  ]
}

function line({ points, isBound }: Series, colour: string, left: Place, top: Place): string {
  const path = points.map(({ x, y }) => `${left(x)},${top(y.median)}`).join(' ')
  const marks = points.map(({ x, y }) => {
    const whisker = `<line x1="${left(x)}" x2="${left(x)}" y1="${top(y.min)}" y2="${top(y.max)}"/>`
    return `${whisker}<circle cx="${left(x)}" cy="${top(y.median)}" r="3" fill="${colour}"/>`
  })
  return `<g stroke="${colour}"><polyline fill="none" stroke-width="2"${dash(isBound)} points="${path}"/>${marks.join('')}</g>`
}

function legend({ name, isBound }: Series, colour: string, at: number): string {
  const stroke = `stroke="${colour}" stroke-width="2"${dash(isBound)}`
  return `<line ${stroke} x1="${at}" x2="${at + 24}" y1="46" y2="46"/><text x="${at + 30}" y="50">${escaped(name)}</text>`
}

function legendWidth(series: readonly Series[]): number {
  return series.reduce((width, { name }) => width + 54 + name.length * LETTER_WIDTH, 0)
}

/** The colour of each series; bounds use up none. */
function colours(series: readonly Series[]): string[] {
  const measured = series.filter(({ isBound }) => !isBound)
  return series.map(each => (each.isBound ? BOUND_COLOUR : COLOURS[measured.indexOf(each) % COLOURS.length]))
}

function dash(isBound = false): string {
  return isBound ? ' stroke-dasharray="6 4"' : ''
}

function label(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString('en')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;')
}
