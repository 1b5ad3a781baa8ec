// Runs a TypeScript program of src/cli in Node: `node scripts/run.mjs job [arguments]`.
import { runnerImport } from 'vite'

const [program, ...args] = process.argv.slice(2)
// without the pages' own configuration: these programs need only TypeScript and `?raw` imports
const { module } = await runnerImport(new URL(`../src/cli/${program}.ts`, import.meta.url).pathname, {
  configFile: false,
})
process.exitCode = await module.main(args)
