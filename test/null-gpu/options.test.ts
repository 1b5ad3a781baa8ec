import { expect, test } from 'vitest'
import { completeOptions } from '../../src/engine/options'
import { InvalidRequest } from '../../src/index'
import { openEngine } from './open'

test('without options, settings are the defaults and nothing more', () => {
  expect(completeOptions({})).toEqual({
    weights: 'auto',
    activations: 'f32',
    kv: 'auto',
    tokenBudget: 512,
    sharing: 'tree',
    attention: 'shared',
    stepsInFlight: 2,
    profile: false,
  })
})

test('what is undefined is not given, and what is given stays', () => {
  const study = { sharing: undefined, order: 'dual', tuning: false } as const
  expect(completeOptions({ kv: undefined, blocks: 3, cache: false, study })).toEqual({
    ...completeOptions({}),
    blocks: 3,
    cache: false,
    order: 'dual',
    tuning: false,
  })
})

test.each([
  [{ blokcs: 3 }, /^Unknown engine option blokcs\. Known are gpu, .*, study, /],
  [{ toString: 3 }, 'Unknown engine option toString.'],
  [{ sharing: 'off' }, 'Unknown engine option sharing.'],
  [{ study: { shairng: 'off' } }, 'Unknown engine option study.shairng. Known are study.sharing, study.attention, '],
  [{ study: null }, "Engine option study is null, but must be an object like { sharing: 'off' }."],
  [{ tokenBudget: 0 }, 'Engine option tokenBudget is 0, but must be a whole number of at least 1.'],
  [
    { study: { stepsInFlight: 65 } },
    'Engine option study.stepsInFlight is 65, but must be a whole number from 1 to 64.',
  ],
  [{ weights: 'q3' }, 'Engine option weights is q3, but must be one of f32, f16, q8, q4, auto.'],
  [{ kv: 'int2' }, 'Engine option kv is int2, but must be one of f32, f16, int8, int4, auto.'],
  [{ activations: 'int4' }, 'Engine option activations is int4, but must be one of f32, int8.'],
  [
    { study: { sharing: 'all' } },
    'Engine option study.sharing is all, but must be one of off, cache, two-level, tree.',
  ],
  // what benches leave out to measure the rest is nothing that an answer can come of
  [{ study: { attention: 'skip' } }, 'Engine option study.attention is skip, but must be one of shared, split, flat.'],
  [{ study: { order: 'lifo' } }, 'Engine option study.order is lifo, but must be one of fcfs, ratio, dual.'],
  [
    { packing: { worker: true } },
    'Engine option packing.worker is true, but must be a function that makes a Worker, or false.',
  ],
  [{ packing: { workerUrl: 7 } }, 'Engine option packing.workerUrl is 7, but must be a text or a URL.'],
  [{ packing: { wroker: 7 } }, 'Unknown engine option packing.wroker. Known are packing.worker, packing.workerUrl.'],
  [
    { onLost: 'wait' },
    "Engine option onLost is wait, but must be 'revive', 'end' or numbers like { losses: 3, minutes: 10 }.",
  ],
  [{ onLost: { losses: 3 } }, 'Engine option onLost is [object Object], but must be'],
  [{ onLost: { losses: 3, minutes: 1, hours: 1 } }, 'Engine option onLost is [object Object], but must be'],
  [{ packing: 7 }, 'Engine option packing is 7, but must be an object like { worker: false }.'],
  [{ worker: true }, 'Engine option worker is taken by `createEngine` of coppice/client'],
  [{ contextLength: 100000 }, 'A context of 100000 tokens: this model takes 1 to 512.'],
])('refuses the options %o', async (options, message) => {
  const opening = openEngine(undefined, options as object)
  await expect(opening).rejects.toBeInstanceOf(InvalidRequest)
  await expect(opening).rejects.toThrow(message)
})
