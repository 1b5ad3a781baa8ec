import { expect, it } from 'vitest'
import type { MeasuredPoint } from '../../../src/bench/engine/decode'
import { partPlot } from '../../../src/bench/engine/plots'
import { sectionText } from '../../../src/bench/engine/report'
import type { MeasuredSection } from '../../../src/bench/engine/sections'

const CEILINGS = { copy: [{ bytes: 1e9, bytesPerSecond: 1e9 }], flopsPerSecond: 1e9, chains: 1, dispatchMs: 0.01 }

/** A step of 10 ms, of which 1 is work of the CPU, and whose kernels take 8 by themselves. */
function point(prompt: number): MeasuredPoint {
  const phases = { schedule: 0.25, plan: 0.25, encode: 0.25, submit: 0.25, account: 0, deliver: 0, wait: 9 }
  const step = { ms: 10, phases, dispatches: 40, kvBytesRead: 0, uploadedBytes: 100 }
  return {
    batch: 2,
    prompt,
    ms: { median: 10, min: 9, max: 11 },
    tokensPerSecond: { median: 200, min: 180, max: 220 },
    bytes: 5e6,
    flops: 1e6,
    step,
    kernels: {
      ms: { median: 8, min: 7.5, max: 8.5 },
      ofStep: { median: 0.8, min: 0.75, max: 0.9 },
      replayed: { median: 8.5, min: 8.25, max: 9 },
      families: { attention: 2, matrices: 6 },
    },
  }
}

function section(...points: MeasuredPoint[]): MeasuredSection {
  return { part: 'context', title: 'C', report: { kind: 'decode', weightBytes: 4e6, weights: 1e6, points } }
}

it('a rate stands beside its floor, and the step beside its parts', () => {
  const text = sectionText(section(point(16), point(32)), CEILINGS)
  const cells = text.split('\n').map(line => line.split('|').map(cell => cell.trim()))
  expect(cells).toContainEqual([
    '',
    '2 × 16',
    '200.0 (180.0–220.0)',
    '1.00',
    '10.00',
    '5.00 (memory)',
    '50%',
    '0.5',
    '0.1',
    '8.00 (7.50–8.50)',
    '80 (75–90)',
    '',
  ])
  expect(cells).toContainEqual(['', '2 × 16', '250', '250', '250', '250', '0', '0', '9000', '10%', ''])
  expect(cells.map(([, first, second]) => [first, second])).toEqual(
    expect.arrayContaining([
      ['matrices', '6.000'],
      ['attention', '2.000'],
      ['Σ kernels', '8.000 (7.500–8.500)'],
      ['in their order, one pass', '8.500 (8.250–9.000)'],
      ['step', '10.000 (9.000–11.000)'],
    ]),
  )
  expect(text).toContain('Fit: 10.00 ms + 0.0 µs a token')
})

it('a plot has what was measured and its bound; one point makes none', () => {
  const svg = partPlot('context', [section(point(16), point(32))], CEILINGS)
  expect(svg).toContain('measured')
  expect(svg).toContain('bound')
  expect(partPlot('context', [section(point(16))], CEILINGS)).toBeUndefined()
  expect(partPlot('latency', [section(point(16))], CEILINGS)).toBeUndefined()
})
