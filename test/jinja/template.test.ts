import { describe, expect, test } from 'vitest'
import { Template, TemplateError } from '../../src/jinja'
import { strftime } from '../../src/tokenizer/strftime'
import fixture from '../fixtures/micro-templates.json'
import { MICRO_TEMPLATES, MICRO_VARIABLES } from './micro-templates'

const DATE = new Date(2025, 0, 5)

function outcome(text: string, variables: Readonly<Record<string, unknown>> = MICRO_VARIABLES): unknown {
  try {
    return new Template(text).render(variables, format => strftime(DATE, format))
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause
    // what we refuse is for Python to fail at as well
    return { fails: cause.kind === 'unsupported' ? 'runtime' : cause.kind }
  }
}

describe.each(Object.entries(MICRO_TEMPLATES))('%s', (about, templates) => {
  const expected = (fixture as Readonly<Record<string, readonly unknown[]>>)[about]

  test('are what they are in jinja2', () => {
    expect(expected).toHaveLength(templates.length)
    const ours = templates.map(template => ({ template, is: outcome(template) }))
    expect(ours).toEqual(templates.map((template, index) => ({ template, is: expected[index] })))
  })
})

/** The limit that it runs into, or what it gives instead. */
function limit(text: string, variables: Readonly<Record<string, unknown>> = {}): unknown {
  try {
    return new Template(text).render(variables, () => '').length
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause
    return cause.kind === 'limit' ? cause.message : `${cause.kind}: ${cause.message}`
  }
}

/** What this thread has computed, whatever else the machine does. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const STEPS = /takes more than \d+ steps/
const CHARACTERS = /makes more than \d+ characters/
const EITHER = /steps|characters/
const DEPTH = /nests|recurses|levels deep/
const many = (text: string, times: number) => text.repeat(times)

describe('a template that would go on for ever, or fill the memory, ends at a limit', () => {
  const hostile: [string, RegExp][] = [
    [
      '{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% endfor %}{% endfor %}{% endfor %}',
      STEPS,
    ],
    [
      '{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) if false %}{% endfor %}{% endfor %}{% endfor %}',
      STEPS,
    ],
    ['{% set x = "ab" * 4000000 %}{% for a in range(100000) %}{{ "c" in x }}{% endfor %}', STEPS],
    ['{% set x = "ab" * 4000000 %}{% for a in range(100000) %}{{ x == x ~ "" }}{% endfor %}', EITHER],
    ['{% set x = "ab" * 4000000 %}{% for a in range(100000) %}{{ x | length }}{% endfor %}', STEPS],
    [
      '{% set x = "ab" * 4000000 %}{% for a in range(100000) %}{% if x.startswith("b") %}{% endif %}{% endfor %}',
      STEPS,
    ],
    ['{% set x = [1] * 1000000 %}{% for a in range(100000) %}{{ 2 in x }}{% endfor %}', STEPS],
    ['{{ [1] * 1000000000 }}', STEPS],
    ['{{ ([1] * 1000000 + [1] * 1000000) | sort }}', STEPS],
    ['{{ range(100000) | batch(1000000000, 1) | list }}', STEPS],
    ['{{ [1] | slice(1000000000) | list }}', STEPS],
    [
      '{% set ns = namespace(x=[1]) %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}',
      EITHER,
    ],
    [
      '{% set ns = namespace(x=[1]) %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}',
      EITHER,
    ],
    ['{% set ns = namespace(x=[1]) %}{% for a in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}', STEPS],
    [
      '{% set ns = namespace(x=[1], y=[1]) %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}',
      STEPS,
    ],
    ['{{ "a" * 1000000000 }}', CHARACTERS],
    ['{{ 1000000000 * "a" }}', CHARACTERS],
    ['{% set ns = namespace(x="a") %}{% for a in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}', CHARACTERS],
    ['{% set ns = namespace(x="a") %}{% for a in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}', CHARACTERS],
    [`{% for a in range(100000) %}${many('a', 1000)}{% endfor %}`, CHARACTERS],
    ['{{ "a" | center(1000000000) }}', CHARACTERS],
    ['{{ "a".ljust(1000000000) }}', CHARACTERS],
    ['{{ "a".zfill(1000000000) }}', CHARACTERS],
    ['{{ "a\tb".expandtabs(1000000000) }}', CHARACTERS],
    ['{{ "a\nb" | indent(1000000000) }}', CHARACTERS],
    ['{{ [1] | tojson(indent=1000000000) }}', CHARACTERS],
    ['{{ "%1000000000d" % 1 }}', CHARACTERS],
    ['{{ "%.1000000000d" % 1 }}', CHARACTERS],
    ['{{ "%.1000000000f" % 1 }}', CHARACTERS],
    ['{{ "%*d" % (1000000000, 1) }}', CHARACTERS],
    ['{{ "{:1000000000}".format(1) }}', CHARACTERS],
    ['{{ ("a" * 10000).replace("a", "b" * 10000) }}', CHARACTERS],
    ['{{ ("a" * 10000).replace("", "b" * 10000) }}', CHARACTERS],
    ['{{ ("b" * 10000).join("a" * 10000) }}', CHARACTERS],
    ['{{ range(10000) | join("b" * 10000) }}', CHARACTERS],
    ['{{ range(100000) | map("string") | map("center", 10000) | list | length }}', CHARACTERS],
    ['{{ 10 ** 1000000000 }}', /1024 bits/],
    ['{{ 10 ** 400 }}', /1024 bits/],
    [`{{ ${many('9', 200_000)} }}`, /1024 bits/],
    ['{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', DEPTH],
    ['{% macro f() %}{{ caller() }}{% call f() %}{% endcall %}{% endmacro %}{% call f() %}{% endcall %}', DEPTH],
    ['{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}', DEPTH],
    [`{{ ${many('(', 50_000)}1${many(')', 50_000)} }}`, DEPTH],
    [`{{ ${many('[', 50_000)}${many(']', 50_000)} }}`, DEPTH],
    [`{{ ${many('not ', 50_000)}1 }}`, DEPTH],
    [`{{ ${many('-', 50_000)}1 }}`, DEPTH],
    [`{{ ${many('1 if 1 else ', 15_000)}1 }}`, DEPTH],
    [`{{ 1${many(' + 1', 50_000)} }}`, DEPTH],
    [`{{ 1${many(' | string', 25_000)} }}`, DEPTH],
    [`{{ a${many('.a', 100_000)} }}`, DEPTH],
    [many('{% if 1 %}', 20_000), DEPTH],
    [many('{% for x in y %}', 15_000), DEPTH],
    [many(' ', 300_000), /has 300000 characters/],
  ]
  test.each(hostile.map(([template, reason]) => ({ title: template.slice(0, 100), template, reason })))(
    '$title',
    ({ template, reason }) => {
      const start = cpuMs()
      expect(limit(template)).toMatch(reason)
      expect(cpuMs() - start).toBeLessThan(2000)
    },
  )
})

test('reading a template takes time in its length only', () => {
  const blanks = many(' ', 200_000)
  for (const template of [
    `{{ 1 }}${blanks}{% if true %}x{% endif %}`,
    `{{ 1 }}${blanks}{{ 2 }}`,
    many('{{ 1 }} \n \n ', 15_000),
    many('{ ', 100_000),
    `{# ${many('#', 200_000)} #}`,
    `{% raw %}${many('{% endraw', 20_000)}{% endraw %}`,
    `{{ "${many('\\\\n', 60_000)}" }}`,
    `{{ ${many('1', 100)}${blanks} }}`,
    `{% raw${blanks}%}{% endraw %}`,
    `{% set x = "a${blanks}a" %}{{ x | trim | length }}{{ x[1:-1].strip() | length }}{{ x.split() }}`,
    `{{ "${many('a ', 50_000)}" | title | wordcount }}`,
  ]) {
    const start = cpuMs()
    expect(limit(template)).toBeTypeOf('number')
    expect(cpuMs() - start).toBeLessThan(1000)
  }
})

test('a long conversation is no hostile one', () => {
  const messages = Array.from({ length: 5000 }, (_, index) => ({
    role: index % 2 ? 'assistant' : 'user',
    content: many('Some words. ', 100),
  }))
  const template =
    "{% for m in messages %}{{ '<' + m.role + '>' + m.content | trim + '</' + m.role + '>\n' }}{% if '</think>' in m.content %}{{ m.content.split('</think>')[-1] }}{% endif %}{% endfor %}"
  expect(limit(template, { messages })).toBeGreaterThan(5_000_000)
  expect(limit(template, { messages: [{ role: 'user', content: many('a', 20_000_000) }] })).toBeGreaterThan(20_000_000)
})

test('names that JavaScript gives to every object are no filters, tests, methods or variables', () => {
  expect(outcome('{{ constructor }}|{{ "a".constructor }}|{{ {}.toString }}|{{ [].__proto__ }}', {})).toBe('|||')
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    expect(outcome(`{{ 1 | ${name} }}`)).toEqual({ fails: 'syntax' })
    expect(outcome(`{{ 1 is ${name} }}`)).toEqual({ fails: 'syntax' })
    expect(outcome(`{{ '${name}' is filter }}{{ '${name}' is test }}`)).toBe('FalseFalse')
    expect(outcome(`{{ { '${name}': 1 }.${name} }}`)).toBe('1')
  }
})
