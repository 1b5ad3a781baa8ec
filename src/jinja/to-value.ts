import { failure } from './template-error'
import { Dict, PyObject, Undefined, type Value } from './values'

/**
 * The value that transformers would give a template: whole numbers become ints, other numbers floats, objects dicts. Fields
 * that are undefined are left out, as in JSON. `count` learns the characters of each text.
 */
export function toValue(value: unknown, count: (characters: number) => void): Value {
  switch (typeof value) {
    case 'string':
      count(value.length)
      return value
    case 'number':
      return Number.isInteger(value) ? BigInt(value) : value
    case 'boolean':
    case 'bigint':
      return value
    case 'undefined':
      return new Undefined('a variable is undefined')
    case 'object':
      break
    default:
      throw failure(`a variable holds a ${typeof value}`)
  }
  count(1)
  if (value === null || value instanceof PyObject) return value
  if (Array.isArray(value)) return value.map(item => (item === undefined ? null : toValue(item, count)))
  const dict = new Dict()
  for (const [key, field] of Object.entries(value)) {
    if (field !== undefined) dict.set(key, toValue(field, count))
  }
  return dict
}
