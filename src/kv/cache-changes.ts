import type { BlockPool } from './block-pool'
import type { Claim } from './claim'
import type { Run } from './prefix-run'
import type { RadixNode } from './radix-tree'

/** What has changed in a prefix cache and its pools since it was last cleared, for someone who watches. */
export class CacheChanges {
  /** Runs, those that are gone included. */
  readonly nodes = new Set<RadixNode<Run>>()
  /** By their owner, once there is another; undefined where there is none any more. */
  readonly claims = new Map<number, Claim | undefined>()
  /** [pools] Blocks with more or fewer references. */
  readonly blocks: readonly Set<number>[]

  constructor(pools: readonly BlockPool[]) {
    this.blocks = pools.map(() => new Set())
    pools.forEach(({ watchers }, index) => {
      watchers.push(this.blocks[index])
    })
  }

  get isEmpty(): boolean {
    return this.nodes.size + this.claims.size === 0 && this.blocks.every(({ size }) => size === 0)
  }

  clear(): void {
    for (const each of [this.nodes, this.claims, ...this.blocks]) each.clear()
  }

  /** Nothing more is noted. */
  leave(pools: readonly BlockPool[]): void {
    pools.forEach(({ watchers }, index) => {
      watchers.splice(watchers.indexOf(this.blocks[index]), 1)
    })
  }
}
