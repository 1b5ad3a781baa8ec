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
