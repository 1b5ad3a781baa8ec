import { expect, test } from 'vitest'
import { readingOrder } from '../../../src/loader/packed/reading-order'
import { forEachSeed } from '../../support/for-each-seed'

/** Places of tensors, by names such as `a.weight` (100 bytes), `a.scale` (10), or `norm` for one that is in one piece. */
function fileOf(...names: string[]) {
  let end = 0
  const stored = names.map(name => {
    const [tensor, part] = name.split('.')
    const begin = end
    end += part === 'weight' ? 100 : 10
    return { tensor, part, begin, end }
  })
  return { name: 'f', dataBegin: 0, stored, maxPadding: 0 }
}

const order = (names: readonly string[], maxBytes: number) =>
  readingOrder(fileOf(...names), maxBytes).map(({ stored }) =>
    stored.map(({ tensor, part }) => [tensor, part].join('.').replace(/\.$/, '')),
  )

test('matrices whose parts lie together are read as they lie', () => {
  const names = ['norm', 'a.weight', 'a.scale', 'b.scale', 'b.weight']
  expect(order(names, 1000)).toEqual([names])
})

test('scales that lie behind all integers are read first', () => {
  const integers = ['a.weight', 'a.zeros', 'b.weight', 'b.zeros']
  expect(order([...integers, 'a.scale', 'b.scale', 'norm'], 1000)).toEqual([['a.scale', 'b.scale', 'norm'], integers])
})

test('parts in no order are read matrix by matrix if too many would wait', () => {
  const names = ['a.weight', 'b.scale', 'c.weight', 'b.weight', 'norm', 'c.scale', 'a.scale']
  expect(order(names, 1000)).toHaveLength(2)
  expect(order(names, 110)).toEqual([
    ['a.weight'],
    ['a.scale'],
    ['b.scale'],
    ['b.weight'],
    ['c.weight'],
    ['c.scale'],
    ['norm'],
  ])
})

test('every order has each byte of the file once', () => {
  forEachSeed(200, ({ int }) => {
    const names = Array.from(
      { length: int(0, 12) },
      (_, i) => `${'abc'[int(0, 3)]}.${['weight', 'scale', `p${i}`][int(0, 3)]}`,
    )
    const file = fileOf(...new Set(names))
    const ranges = readingOrder(file, int(0, 400)).toSorted((a, b) => a.begin - b.begin)
    let end = 0
    for (const range of ranges) {
      expect(range.begin).toBe(end)
      for (const place of range.stored) {
        expect(place.begin).toBe(end)
        end = place.end
      }
      expect(range.end).toBe(end)
    }
    expect(end).toBe(file.stored.at(-1)?.end ?? 0)
  })
})
