import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, it } from 'vitest'
import { InvalidRequest } from '../../src/core/errors'
import { random } from '../support/random'
import { randomSchema, randomValue, textsOf } from './random-schema'
import { recogniser } from './recognise'

it('10,000 random documents of 50 random schemas: admitted exactly if ajv finds them valid', () => {
  let [numSchemas, numValid, numInvalid] = [0, 0, 0]
  for (let seed = 1; numSchemas < 50; seed++) {
    const rng = random(seed)
    const schema = randomSchema(rng, 3)
    let admits: (text: string) => boolean
    try {
      admits = recogniser({ json: schema })
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidRequest)
      expect(String(error)).toMatch(/admits nothing|refers to itself/)
      continue
    }
    numSchemas++
    const validate = new Ajv2020({ strict: false }).compile(schema as object)
    for (let document = 0; document < 200; document++) {
      const value = randomValue(rng, schema, schema, 5)
      const texts = [...textsOf(value, [schema], schema)]
      const isValid = validate(value)
      expect(texts.some(admits), `seed ${seed}: ${JSON.stringify(schema)} and ${texts[0]}`).toBe(isValid)
      if (isValid) numValid++
      else numInvalid++
    }
  }
  expect(numValid).toBeGreaterThan(2000)
  expect(numInvalid).toBeGreaterThan(2000)
})

it.each<[Record<string, unknown>]>([
  [{ enum: [1e-7, 1e21, 5, 7], minimum: 1e-8 }],
  [{ enum: [1e21, 3, 10], multipleOf: 5 }],
  [{ enum: [1, 2, 2.5], exclusiveMinimum: 1, type: 'integer' }],
  [{ const: -3, exclusiveMaximum: -3 }],
])('the values of %j are held to its bounds as numbers, however they are written', schema => {
  const validate = new Ajv2020({ strict: false }).compile(schema)
  const values: unknown[] = [...((schema.enum as number[]) ?? [schema.const]), 4]
  const valid = values.filter(value => validate(value))
  if (valid.length === 0) return void expect(() => recogniser({ json: schema })).toThrow(/admits nothing/)
  const admits = recogniser({ json: schema })
  expect(values.filter(value => admits(JSON.stringify(value)))).toEqual(valid)
})

it.each([
  ['#/%zz', /'%zz', where|"%zz"/],
  ['#/constructor', /which is not there/],
  ['#/$defs/length', /which is not there/],
])('a reference to %s is refused by name', ($ref, message) => {
  expect(() => recogniser({ json: { $ref, $defs: [] } })).toThrow(
    expect.objectContaining({ constructor: InvalidRequest, message: expect.stringMatching(message) }),
  )
})

it('of oneOf a listed number is not apart from a range that holds it, however it is written', () => {
  const json = { oneOf: [{ enum: [1e21] }, { type: 'number', minimum: 0 }] }
  expect(() => recogniser({ json })).toThrow(/'oneOf' is supported only/)
})
