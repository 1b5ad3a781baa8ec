import { expect, it } from 'vitest'
import { parseServeCommand } from '../../src/cli/serve-options'

it('serves the embedded model from Chrome at port 8000, for everybody on this machine, unless it is told otherwise', () => {
  const command = parseServeCommand([], {})
  expect(command).toMatchObject({ port: 8000, apiKey: undefined, model: 'sprout', runtime: 'chrome' })
  const args = ['--port', '0', '--api-key-env', 'KEY', '--runtime', 'node', '--context', '64', '--cache', 'a']
  expect(parseServeCommand(args, { KEY: ' b\n' })).toMatchObject({
    port: 0,
    apiKey: 'b',
    runtime: 'node',
    engine: { contextLength: 64, cache: 'a' },
  })
})

it.each([
  [['--port', '70000'], '--port is 70000, but must be at most 65535.'],
  [['--port', 'a'], '--port is a, but must be a whole number of at least 0.'],
  [['--api-key-env', 'NONE'], '--api-key-env names NONE, but that environment variable is not set.'],
  [['--cache', 'a'], '--cache needs --runtime node.'],
  [['--runtime', 'bun'], '--runtime is bun, but must be one of chrome, node.'],
  [['--wat'], /^Unknown option '--wat'/],
])('refuses %o', (args, message) => {
  expect(() => parseServeCommand(args, {})).toThrow(message)
})
