import { describe, expect, test } from 'vitest'
import { InvariantViolation } from '../../src/core/assert'
import { BlockPool } from '../../src/kv/block-pool'
import { forEachSeed, pick } from '../support/for-each-seed'

describe('BlockPool', () => {
  test('hands out each block once, then none', () => {
    const pool = new BlockPool(3)
    expect([1, 1, 1].flatMap(count => pool.allocate(count)).toSorted()).toEqual([0, 1, 2])
    expect(pool.allocate(1)).toBeUndefined()
    expect([pool.numFree, pool.numUsed]).toEqual([0, 3])
  })

  test('allocates many or none', () => {
    const pool = new BlockPool(3)
    expect(pool.allocate(4)).toBeUndefined()
    expect(pool.numFree).toBe(3)
    expect(pool.allocate(0)).toEqual([])
    expect(new Set(pool.allocate(3)).size).toBe(3)
  })

  test('frees a shared block with its last reference', () => {
    const pool = new BlockPool(1)
    pool.allocate(1)
    pool.share(0)
    pool.release(0)
    expect(pool.numFree).toBe(0)
    pool.release(0)
    expect(pool.numFree).toBe(1)
  })

  test('refuses to release or share a free block', () => {
    const pool = new BlockPool(2)
    expect(() => pool.release(1)).toThrow(InvariantViolation)
    expect(() => pool.share(1)).toThrow('Block 1 of 2 is shared, but nobody uses it.')
    expect(() => pool.release(7)).toThrow(InvariantViolation)
  })

  test('finds a reference that no table accounts for', () => {
    const pool = new BlockPool(2)
    pool.checkIntegrity([pool.allocate(1) ?? []])
    expect(() => pool.checkIntegrity([])).toThrow('Block 0 has 1 references, but 0 tables name it.')
  })

  test('keeps its laws through 10,000 random operations', () => {
    forEachSeed(10, random => {
      const pool = new BlockPool(random.int(1, 41))
      const tables: number[][] = []
      for (let operation = 0; operation < 1000; operation++) {
        const table = tables.length > 0 ? pick(random, tables) : []
        switch (random.int(0, 5)) {
          case 0: {
            const blocks = pool.allocate(1) ?? []
            table.push(...blocks)
            if (blocks.length > 0 && !tables.includes(table)) tables.push(table)
            break
          }
          case 1: {
            const blocks = pool.allocate(random.int(0, 7))
            if (blocks) tables.push(blocks)
            break
          }
          case 2: {
            for (const block of table) pool.share(block)
            tables.push([...table])
            break
          }
          default: {
            for (const block of table) pool.release(block)
            if (tables.includes(table)) tables.splice(tables.indexOf(table), 1)
          }
        }
        pool.checkIntegrity(tables)
      }
      for (const block of tables.flat()) pool.release(block)
      pool.checkIntegrity([])
      expect(pool.numFree).toBe(pool.numBlocks)
    })
  })
})
