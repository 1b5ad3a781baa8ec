import { expect, it } from 'vitest'
import { type Axis, linearAxis, logAxis, logAxisOf } from '../../../src/bench/common/axis'
import { plotSvg } from '../../../src/bench/common/plot'
import { forEachSeed } from '../../support/for-each-seed'

it.each([
  [
    [3, 17, 42],
    [0, 10, 20, 30, 40, 50],
  ],
  [[50], [0, 10, 20, 30, 40, 50]],
  [
    [0.4, 1],
    [0, 0.2, 0.4, 0.6, 0.8, 1],
  ],
  [
    [1234, 900],
    [0, 500, 1000, 1500],
  ],
])('a linear axis of %j starts at 0 and has round ticks', (values, ticks) => {
  const axis = linearAxis(values)
  expect(axis.ticks.length).toBe(ticks.length)
  for (const [index, tick] of ticks.entries()) expect(axis.ticks[index]).toBeCloseTo(tick)
})

it.each([
  [
    [3, 42],
    [2, 5, 10, 20, 50],
  ],
  [
    [10, 100],
    [10, 20, 50, 100],
  ],
  [[7], [5, 10]],
  [
    [0.03, 0.2],
    [0.02, 0.05, 0.1, 0.2],
  ],
])('a logarithmic axis of %j ends at 1, 2 or 5 times a power of ten', (values, ticks) => {
  const axis = logAxis(values)
  expect(axis.ticks.length).toBe(ticks.length)
  for (const [index, tick] of ticks.entries()) expect(axis.ticks[index]).toBeCloseTo(tick)
})

it('every value and tick has its place on any axis, in order', () => {
  forEachSeed(300, random => {
    const magnitude = 10 ** random.int(-3, 7)
    const values = Array.from({ length: random.int(1, 9) }, () => (random.next() + 0.001) * magnitude)
    const axes: Axis[] = [linearAxis(values), logAxis(values)]
    for (const axis of axes) {
      const places = [...values, ...axis.ticks].sort((a, b) => a - b).map(axis.place)
      expect(places).toEqual([...places].sort((a, b) => a - b))
      expect(places[0]).toBeCloseTo(0)
      expect(places[places.length - 1]).toBeCloseTo(1)
      expect(axis.ticks.length).toBeGreaterThan(1)
    }
  })
})

it('equal factors are equally far apart on a logarithmic axis', () => {
  const { place } = logAxisOf([1024, 2048, 16384])
  expect(place(1024)).toBe(0)
  expect(place(2048)).toBeCloseTo(1 / 4)
  expect(place(8192)).toBeCloseTo(3 / 4)
  expect(place(16384)).toBe(1)
})

const point = (x: number, median: number) => ({ x, y: { median, min: median * 0.9, max: median * 1.1 } })
const svg = plotSvg({
  title: 'a < b & "c"',
  xLabel: 'prefix, tokens',
  yLabel: 'tokens/s',
  series: [
    { name: 'off', points: [point(1024, 10), point(2048, 5)] },
    { name: 'limit', points: [point(1024, 20)], isBound: true },
    { name: 'tree', points: [point(2048, 19)] },
  ],
})

it('a plot is well-formed: quotes and markup in names do no harm, every tag is closed', () => {
  expect(svg).toContain('a &lt; b &amp; &quot;c&quot;')
  const open: string[] = []
  for (const [tag, name] of svg.matchAll(/<\/?([a-z]+)(?:\s[^<>]*)?>/g)) {
    if (tag.startsWith('</')) expect(open.pop()).toBe(name)
    else if (!tag.endsWith('/>')) open.push(name)
  }
  expect(open).toEqual([])
})

it('a plot has a mark and a whisker for every point, a legend, and only bounds dashed', () => {
  expect(svg.match(/<circle/g)).toHaveLength(4)
  for (const name of ['off', 'limit', 'tree', 'prefix, tokens', 'tokens/s']) expect(svg).toContain(`>${name}</text>`)
  expect(svg.match(/<polyline[^>]*dasharray/g)).toHaveLength(1)
  expect(svg).not.toMatch(/NaN|undefined|Infinity/)
})

it('a whisker reaches from the lowest to the highest run, around the median', () => {
  const [, low, high, middle] = /y1="([\d.]+)" y2="([\d.]+)"\/><circle cx="[\d.]+" cy="([\d.]+)"/.exec(svg) ?? []
  expect(Number(low)).toBeGreaterThan(Number(middle))
  expect(Number(high)).toBeLessThan(Number(middle))
})
