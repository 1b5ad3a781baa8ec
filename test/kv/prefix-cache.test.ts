import { describe, expect, test } from 'vitest'
import { BLOCK_LEN, type BlockTable, blocksFor } from '../../src/core/block'
import { BlockPool } from '../../src/kv/block-pool'
import { firstNeeded, freeFirst, heldBlocks, truncate } from '../../src/kv/block-table'
import { type Claim, takenBy } from '../../src/kv/claim'
import { PrefixCache } from '../../src/kv/prefix-cache'
import { COMMON, type Scope } from '../../src/kv/share'
import { forEachSeed, pick } from '../support/for-each-seed'
import type { Random } from '../support/random'

/** `letters` name whole blocks: 'ab' is 32 tokens, the first 16 of which are those of 'a'. */
function tokensOf(letters: string): number[] {
  return [...letters].flatMap(letter =>
    Array.from({ length: BLOCK_LEN }, (_, index) => letter.charCodeAt(0) * 100 + index),
  )
}

const ADAPTER: Scope = { name: 'adapter', remembers: true }
const PLAN: Scope = { name: 'plan', remembers: false }

/** A sequence as the scheduler would treat it. */
interface User {
  readonly tokens: number[]
  readonly claim: Claim
  numWritten: number
  table: BlockTable
}

/** A pool and a cache, held against their laws after every operation. */
class Scene {
  readonly pool: BlockPool
  readonly cache: PrefixCache
  readonly running = new Set<User>()
  /** What each place, block · BLOCK_LEN + offset, holds: all tokens up to the one there. */
  readonly contents = new Map<number, string>()

  constructor(numBlocks: number, window?: number) {
    this.pool = new BlockPool(numBlocks, window)
    this.cache = new PrefixCache([this.pool])
  }

  claim(tokens: number[], scope = COMMON, numTokens = tokens.length - 1): User {
    const user = {
      tokens,
      claim: this.cache.claim(tokens, { scope, numTokens }),
      numWritten: 0,
      table: { blocks: [], numFreed: 0 },
    }
    this.check()
    return user
  }

  /** Starts a user; gives the tokens it need not compute, or undefined if there is no room. */
  start(user: User): number | undefined {
    const { cache, pool, contents } = this
    cache.lock(user.claim)
    const { numTokens, groups } = takenBy(user.claim, [pool])
    const [{ blocks, tail }] = groups
    const numFreed = firstNeeded(pool.window, numTokens)
    const numNew = blocksFor(user.tokens.length) - blocks.length
    for (const block of blocks.slice(numFreed)) pool.share(block)
    const own = cache.makeFree(pool, numNew) ? pool.allocate(numNew) : undefined
    if (!own) {
      for (const block of blocks.slice(numFreed)) pool.release(block)
      cache.unlock(user.claim)
      this.check()
      return undefined
    }
    user.table = { blocks: [...blocks, ...own], numFreed }
    this.running.add(user)
    user.numWritten = numTokens
    tail.forEach((block, offset) => {
      contents.set(own[0] * BLOCK_LEN + offset, contents.get(block * BLOCK_LEN + offset) ?? 'nothing')
    })
    expect(blocks.length * BLOCK_LEN + tail.length).toBe(numTokens)
    for (let at = Math.max(0, numTokens + 1 - pool.window); at < numTokens; at++) {
      expect(contents.get(placeOf(user, at))).toBe(`${user.tokens.slice(0, at + 1)}`)
    }
    this.check()
    return numTokens
  }

  /** The user has computed its first `numTokens` tokens. */
  compute(user: User, numTokens = user.tokens.length): void {
    for (let at = user.numWritten; at < numTokens; at++) {
      this.contents.set(placeOf(user, at), `${user.tokens.slice(0, at + 1)}`)
    }
    user.numWritten = Math.max(user.numWritten, numTokens)
    this.cache.publish(user.claim, user.tokens, numTokens, [user.table])
    freeFirst(this.pool, user.table, firstNeeded(this.pool.window, user.numWritten))
    this.check()
  }

  stop(user: User): void {
    truncate(this.pool, user.table, 0)
    this.cache.unlock(user.claim)
    this.running.delete(user)
    this.check()
  }

  end(user: User): void {
    if (this.running.has(user)) this.stop(user)
    this.cache.release(user.claim)
    this.check()
  }

  /** A whole life. */
  run(tokens: number[], scope = COMMON): number | undefined {
    const user = this.claim(tokens, scope)
    const numTaken = this.start(user)
    if (numTaken !== undefined) this.compute(user)
    this.end(user)
    return numTaken
  }

  check(): void {
    const tables = [...this.running].map(({ table }) => heldBlocks(table))
    this.pool.checkIntegrity([...tables, ...this.cache.checkIntegrity()[0]])
  }
}

const placeOf = ({ table }: User, at: number) => table.blocks[Math.floor(at / BLOCK_LEN)] * BLOCK_LEN + (at % BLOCK_LEN)

describe('PrefixCache', () => {
  test('a later sequence takes over what it has in common with an earlier one, never its own last token', () => {
    const scene = new Scene(8)
    expect(scene.run(tokensOf('abc'))).toBe(0)
    expect(scene.run(tokensOf('abd'))).toBe(32)
    expect(scene.run(tokensOf('abc'))).toBe(47)
    expect(scene.run([...tokensOf('abc'), 1])).toBe(48)
    expect(scene.run([...tokensOf('ab').slice(0, 31), 7, 8])).toBe(31)
  })

  test('sequences share in flight, as soon as a computation is decided', () => {
    const scene = new Scene(8)
    const first = scene.claim(tokensOf('abcd'))
    const second = scene.claim(tokensOf('abce'))
    scene.start(first)
    scene.compute(first, 40)
    expect(scene.start(second)).toBe(32)
    expect(second.table.blocks.slice(0, 2)).toEqual(first.table.blocks.slice(0, 2))
  })

  test('tokens are copied from where they were computed, not from another copy', () => {
    const scene = new Scene(8)
    const users = [[1], [1, 2, 3], [1, 2, 4]].map(end => scene.claim([...tokensOf('a'), ...end, 9, 9]))
    for (const user of users) {
      scene.start(user)
      scene.compute(user)
    }
    const [{ tail }] = takenBy(scene.claim([...tokensOf('a'), 1, 2, 5]).claim, [scene.pool]).groups
    expect(tail).toEqual([users[0].table.blocks[1], users[1].table.blocks[1]])
  })

  test('what was taken over stays where it was computed, though the reply goes on in a copy of it', () => {
    const scene = new Scene(8)
    const shared = tokensOf('ab').slice(0, 31)
    const [replying, model] = [1, 2].map(last => scene.claim([...shared, last]))
    scene.start(model)
    const block = model.table.blocks[1]
    scene.compute(model, 31)
    scene.end(model)
    expect(scene.start(replying)).toBe(31)
    scene.compute(replying)
    const [{ tail }] = takenBy(scene.claim([...shared, 3]).claim, [scene.pool]).groups
    expect(tail).toEqual(Array(15).fill(block))
  })

  test('of a run that is not complete no part of a block is taken over, since another may go on in it', () => {
    const scene = new Scene(8)
    const users = [1, 2].map(last => scene.claim([...tokensOf('ab').slice(0, 30), last]))
    scene.start(users[0])
    scene.compute(users[0], 20)
    expect(scene.start(users[1])).toBe(16)
  })

  test.each(['remembered', 'waited for', 'computed by one that runs no more'])(
    'a reply keeps no block but its own, though it begins as a run that is %s',
    other => {
      const scene = new Scene(2)
      const [first, ...rest] = tokensOf('a')
      const model = scene.claim([first, ...rest])
      scene.start(model)
      scene.compute(model)
      if (other !== 'computed by one that runs no more') scene.end(model)
      if (other === 'waited for') scene.claim([first, 7])
      const reply = scene.claim([first])
      scene.start(reply)
      reply.tokens.push(...rest.map(token => token + 1))
      scene.compute(reply)
      if (other === 'computed by one that runs no more') scene.end(model)
      expect(scene.cache.makeFree(scene.pool, 1)).toBe(true)
      scene.check()
    },
  )

  test('what was generated can be taken over too', () => {
    const scene = new Scene(8)
    const turn = scene.claim([...tokensOf('a'), 1, 2])
    scene.start(turn)
    const reply = tokensOf('xyz')
    turn.tokens.push(...reply)
    const block = scene.pool.allocate(3) ?? []
    turn.table.blocks.push(...block)
    scene.compute(turn)
    scene.end(turn)
    expect(scene.run([...tokensOf('a'), 1, 2, ...reply, 3, 4])).toBe(64)
  })

  test('what someone still claims is kept, whoever else needs room', () => {
    const scene = new Scene(4)
    const waiting = scene.claim([...tokensOf('ab'), 1])
    scene.run([...tokensOf('ab'), 2])
    expect(scene.run(tokensOf('xy'))).toBe(0)
    expect(scene.start(waiting)).toBe(32)
  })

  test('what waits gives way if there is no other way to go on', () => {
    const scene = new Scene(4)
    const waiting = scene.claim([...tokensOf('ab'), 1])
    scene.run([...tokensOf('ab'), 2])
    expect(scene.run(tokensOf('wxyz'))).toBe(0)
    expect(scene.start(waiting)).toBe(0)
  })

  test('the least recently used leaf is evicted first, its last block first, and a parent after its children', () => {
    const scene = new Scene(6)
    scene.run([...tokensOf('abc'), 1])
    scene.run([...tokensOf('ad'), 1])
    scene.run([...tokensOf('xyz'), 1])
    // 6 blocks are remembered: a b c d and, for want of room, x y z in place of c and b
    expect(scene.run([...tokensOf('ad'), 2])).toBe(32)
    expect(scene.run([...tokensOf('abc'), 2])).toBe(16)
  })

  test('what runs is never evicted', () => {
    const scene = new Scene(4)
    const user = scene.claim(tokensOf('abc'))
    scene.start(user)
    expect(scene.start(scene.claim(tokensOf('wxy')))).toBeUndefined()
    expect(user.table.blocks).toHaveLength(3)
  })

  test('scopes never share, and what nobody claims any more is gone where nothing is remembered', () => {
    const scene = new Scene(12)
    const [first, second, other] = [PLAN, PLAN, { ...PLAN }].map(scope => scene.claim(tokensOf('abc'), scope))
    expect([scene.start(first), scene.compute(first), scene.start(second), scene.start(other)]).toEqual([
      0,
      undefined,
      47,
      0,
    ])
    for (const user of [first, second, other]) scene.end(user)
    expect(scene.pool.numFree).toBe(12)
    expect(scene.run(tokensOf('abc'), PLAN)).toBe(0)
    expect(scene.run(tokensOf('abc'))).toBe(0)
  })

  test('each scope that remembers has its own past, and the least recently used of all is evicted first', () => {
    const scene = new Scene(7)
    scene.run([...tokensOf('abc'), 1])
    expect(scene.run([...tokensOf('abc'), 1], ADAPTER)).toBe(0)
    expect(scene.run([...tokensOf('abc'), 2])).toBe(48)
    // z takes the block of the adapter's c
    expect(scene.run(tokensOf('yz'), PLAN)).toBe(0)
    expect(scene.run([...tokensOf('abc'), 3])).toBe(48)
    expect(scene.run([...tokensOf('abc'), 3], ADAPTER)).toBe(32)
  })

  test('two that compute the same by chance keep their own blocks, and the tree those of the first', () => {
    const scene = new Scene(8)
    const twins = [scene.claim([...tokensOf('a'), 1]), scene.claim([...tokensOf('a'), 1])]
    for (const twin of twins) scene.start(twin)
    for (const twin of twins) {
      twin.tokens.push(...tokensOf('bc'))
      twin.table.blocks.push(...(scene.pool.allocate(2) ?? []))
    }
    scene.compute(twins[0])
    scene.compute(twins[1])
    for (const twin of twins) scene.end(twin)
    expect(scene.cache.numIdle).toEqual([3])
    expect(scene.pool.numUsed).toBe(3)
  })

  test('the laws hold through 20,000 random operations', () => {
    let numTaken = 0
    forEachSeed(20, random => {
      numTaken += randomOperations(random, new Scene(random.int(6, 24)))
    })
    expect(numTaken).toBeGreaterThan(1000)
  })
})

describe('PrefixCache with a window', () => {
  const WINDOW = 32

  test('keeps what is seen from the end of a run, and goes on from there only', () => {
    const scene = new Scene(12, WINDOW)
    scene.run(tokensOf('abcdef'))
    // the whole pool's idle blocks are those of the last window
    expect(scene.cache.numIdle).toEqual([2])
    expect(scene.run([...tokensOf('abcdef'), 1])).toBe(96)
    expect(scene.run([...tokensOf('abcd'), 1])).toBe(0)
    // that one left at the fork what it lacked
    expect(scene.run([...tokensOf('abcd'), 2])).toBe(64)
  })

  test('what is kept for those that wait gives way to what runs', () => {
    const scene = new Scene(7, WINDOW)
    const waiting = scene.claim([...tokensOf('abc'), 1])
    scene.run([...tokensOf('abc'), 2])
    expect(scene.run(tokensOf('tuvwxyz'))).toBe(0)
    expect(scene.start(waiting)).toBe(0)
  })

  test('the laws hold through 20,000 random operations', () => {
    let numTaken = 0
    forEachSeed(20, random => {
      numTaken += randomOperations(random, new Scene(random.int(6, 24), random.int(16, 80)))
    })
    expect(numTaken).toBeGreaterThan(1000)
  })
})

/** Returns how many tokens were taken over. */
function randomOperations(random: Random, scene: Scene): number {
  let numTaken = 0
  const users: User[] = []
  for (let operation = 0; operation < 1000; operation++) {
    const choice = random.next()
    const user = users.length > 0 ? pick(random, users) : undefined
    if (choice < 0.25 && users.length < 12)
      users.push(scene.claim(randomTokens(random), pick(random, [COMMON, COMMON, ADAPTER, PLAN])))
    else if (!user) continue
    else if (choice < 0.5 && !scene.running.has(user)) numTaken += scene.start(user) ?? 0
    else if (choice < 0.75 && scene.running.has(user)) scene.compute(user, random.int(1, user.tokens.length + 1))
    else if (choice < 0.85 && scene.running.has(user)) scene.stop(user)
    else if (choice > 0.9) {
      scene.end(user)
      users.splice(users.indexOf(user), 1)
    }
  }
  for (const user of users) scene.end(user)
  expect(scene.pool.numFree + scene.cache.numIdle[0]).toBe(scene.pool.numBlocks)
  return numTaken
}

/** Up to 5 blocks and a bit, of few different ones, so that beginnings agree often. */
function randomTokens(random: Random): number[] {
  const letters = Array.from({ length: random.int(0, 5) }, () => pick(random, ['a', 'b']))
  return [...tokensOf(letters.join('')), ...Array.from({ length: random.int(1, BLOCK_LEN) }, () => random.int(0, 9))]
}
