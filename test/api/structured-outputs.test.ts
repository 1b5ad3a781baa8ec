import { expect, it } from 'vitest'
import { readApiRequest } from '../../src/api/api-request'

const chat = { messages: [{ role: 'user', content: 'Hi' }] }
const schema = { type: 'object' }

it.each([
  [{ response_format: { type: 'json_object' } }, { jsonObject: true }],
  [
    { response_format: { type: 'json_schema', json_schema: { name: 'a-b_1', strict: true, schema } } },
    { json: schema },
  ],
  [{ response_format: { type: 'json_schema', json_schema: { name: 'a', schema, strict: null } } }, { json: schema }],
  [{ response_format: { type: 'text' }, guided_json: '{"type":"object"}' }, { json: '{"type":"object"}' }],
  [{ structured_outputs: { json: schema, regex: null } }, { json: schema }],
  [
    { structured_outputs: { json_object: true, disable_any_whitespace: false } },
    { jsonObject: true, whitespace: true },
  ],
  [{ structured_outputs: { choice: ['a'], json_object: false, disable_any_whitespace: true } }, { choice: ['a'] }],
  [{ guided_choice: ['a', 'b'], guided_decoding_backend: 'xgrammar' }, { choice: ['a', 'b'] }],
])('%j holds an answer, of a chat and of a completion', (fields, structuredOutputs) => {
  expect(readApiRequest({ ...chat, ...fields }, 'chat').params).toEqual({ structuredOutputs })
  expect(readApiRequest({ prompt: 'a', ...fields }, 'completion').params).toEqual({ structuredOutputs })
})

it.each([
  [{ response_format: 'json' }, 'response_format.type', /null|undefined/],
  [{ response_format: { type: 'structural_tag' } }, 'response_format.type', /text, json_object or json_schema/],
  [{ response_format: { type: 'json_schema' } }, 'response_format.json_schema.name', /1 to 64 letters/],
  [
    { response_format: { type: 'json_schema', json_schema: { name: 'a b', schema } } },
    'response_format.json_schema.name',
    /"a b"/,
  ],
  [
    { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: 1 } } },
    'response_format.json_schema.schema',
    /is 1,/,
  ],
  [{ structured_outputs: 'a+' }, 'structured_outputs', /an object/],
  [{ structured_outputs: { structural_tag: '{}' } }, 'structured_outputs.structural_tag', /json_object/],
  [{ response_format: { type: 'json_object' }, guided_regex: 'a' }, 'guided_regex', /beside `response_format`/],
])('%j is refused', (fields, param, message) => {
  expect(() => readApiRequest({ ...chat, ...fields }, 'chat')).toThrow(
    expect.objectContaining({ param, message: expect.stringMatching(message) }),
  )
})
