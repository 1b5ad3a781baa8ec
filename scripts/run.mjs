// Runs the main() of a TypeScript file of src in Node: `node scripts/run.mjs cli/job [arguments]`.
import { createServer, createServerModuleRunner } from 'vite'

const [program, ...args] = process.argv.slice(2)
// without the pages' own configuration: these programs need only TypeScript and `?raw` imports
const server = await createServer({
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
})
const runner = createServerModuleRunner(server.environments.ssr, { hmr: false })
try {
  const { main } = await runner.import(new URL(`../src/${program}.ts`, import.meta.url).pathname)
  process.exitCode = await main(args)
} finally {
  await runner.close()
  await server.close()
}
