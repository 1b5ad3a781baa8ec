import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/core/json'
import { ARCHITECTURE_NAMES, findArchitecture } from '../../../src/loader/architectures'
import { whyUnsupported } from '../../../src/loader/architectures/unsupported'
import { parseModelConfig } from '../../../src/loader/config/model-config'
import { KNOWN_MODELS } from '../../../src/loader/hub/known-models'
import { oracles } from '../../support/oracles'
import { FAMILIES, REFUSED } from './families'
import { CONFIGS, sizeOf } from './model-sizes'

const CONTEXT = 4096
const ROWS = [1, 8, 64]
const DEVICES_GIB = [2, 4, 8, 16]

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

function families(): string {
  const rows = Object.entries(FAMILIES).map(([name, family]) => {
    const witnesses = oracles.filter(({ config }) => String(config.architectures) === name).map(oracle => oracle.name)
    return [family, `\`${name}\``, findArchitecture(name)?.gguf?.name ?? ggufOf(name), witnesses.sort().join(', ')]
  })
  return table(['family', '`architectures`', 'GGUF', 'held to PyTorch by'], rows)
}

/** Those whose files have another's name. */
const ggufOf = (name: string) => ({ MistralForCausalLM: 'llama', Olmo3ForCausalLM: 'olmo2' })[name] ?? '–'

const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(2)

function sizes(): string {
  const rows = Object.entries(CONFIGS).map(([name, json]) => [name, ...sizesOf(json)])
  const kv = ROWS.map(rows => `KV × ${rows}`)
  return table(['repository', 'weights', 'f16', 'q8', 'q4', ...kv, 'fits, q4 and a row'], rows)
}

function sizesOf(json: JsonObject): string[] {
  const config = parseModelConfig(json)
  const row = config.layers.reduce((sum, { window = CONTEXT }) => {
    return sum + Math.min(window, CONTEXT) * config.numKvHeads * config.headDim * 2 * 2
  }, 0)
  const q4 = sizeOf(config, 'q4')
  const device = DEVICES_GIB.find(size => q4.bytes + row <= 0.8 * size * 2 ** 30)
  return [
    `${(q4.count / 1e9).toFixed(2)}e9`,
    ...[sizeOf(config, 'f16'), sizeOf(config, 'q8'), q4].map(({ bytes }) => gib(bytes)),
    ...ROWS.map(rows => gib(row * rows)),
    device === undefined ? 'none of these' : `${device} GiB`,
  ]
}

function known(): string {
  const rows = KNOWN_MODELS.map(({ id, name, weights, q4Mib, isGated }) => [
    ...[name, `\`${id}\``, `${(weights / 1e9).toFixed(2)}e9`, `${(q4Mib / 1024).toFixed(2)} GiB`],
    isGated ? 'token, and its terms accepted' : '–',
  ])
  return table(['model', 'id', 'weights', 'as q4', 'needs'], rows)
}

function refusals(): string {
  const rows = Object.entries(REFUSED).map(([name, family]) => [family, `\`${name}\``, whyUnsupported(name) ?? ''])
  return table(['family', 'as', 'why not, and what is nearest'], rows)
}

test('every architecture has its family in the table, and a witness', () => {
  const named = ARCHITECTURE_NAMES.filter(name => name !== 'Ernie4_5_ForCausalLM')
  expect(Object.keys(FAMILIES).sort()).toEqual([...named].sort())
  const held = new Set(oracles.map(({ config }) => String(config.architectures)))
  expect(named.filter(name => !held.has(name))).toEqual([])
})

test.each(Object.keys(REFUSED))('%s has a reason', name => {
  expect(whyUnsupported(name)).toBeDefined()
})

test('docs/models.md has the tables that follow from the fixtures', () => {
  const page = readFileSync('docs/models.md', 'utf8')
  for (const text of [families(), known(), sizes(), refusals()]) expect(page).toContain(`\n${text}\n`)
})
