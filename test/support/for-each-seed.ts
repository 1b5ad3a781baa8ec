import { type Random, random } from './random'

/** Runs `body` with `numSeeds` different generators; a failure names the seed. */
export function forEachSeed(numSeeds: number, body: (random: Random) => void): void {
  for (let seed = 1; seed <= numSeeds; seed++) {
    try {
      body(random(seed))
    } catch (cause) {
      throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : cause}`, { cause })
    }
  }
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.int(0, items.length)]
}
