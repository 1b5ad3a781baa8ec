import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { CHROME_ARGS, findChrome } from './scripts/chrome.mjs'

/** Tests of whole programs as users have them: what they start computes in a browser or on Dawn, and takes minutes of a CPU. */
const PROGRAMS = ['test/cli/{apps,clients,job,kill,serve}.test.ts', 'test/pages/demo/page.test.ts']

/** Pages are served from src (pages/, bench/); the library is built from src/index.ts by `npm run build`. */
export default defineConfig({
  root: process.env.VITEST ? '.' : 'src',
  publicDir: process.env.VITEST ? 'public' : '../public',
  base: './',
  server: { fs: { allow: ['..'] } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          environment: 'node',
          include: [
            'test/{core,kv,planner,scheduler,attention,storage,loader,packing,jinja,tokenizer,grammar,tuning,api,jobs,repository,cli,pages,null-gpu,worker,scores,embeddings,recording,bench,engine/plan}/**/*.test.ts',
          ],
          exclude: PROGRAMS,
          testTimeout: 60_000,
          // a file's imports took as long as its tests: a worker keeps them for the next file, which no module may be mocked for
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'programs',
          environment: 'node',
          include: PROGRAMS,
          testTimeout: 60_000,
          // half of their time they wait for what they have started
          maxWorkers: 2,
          maxConcurrency: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'chrome',
          // Dawn is the same software in Chrome and in Node: here runs what a browser adds (limits, storage, workers, its event
          // loop) and enough of a model to see that both compute alike; the dawn project has all of kernels and models
          include: [
            'test/{gpu,sampler,browser}/**/*.test.ts',
            'test/kernels/{attention-tiles,matrix}.test.ts',
            'test/engine/{cold-start,contract,counters,generate,job,lifetime,oracle,output,packer,revival}.test.ts',
          ],
          globalSetup: ['test/support/fake-hub-setup.ts'],
          setupFiles: ['test/support/each-file.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          isolate: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: { executablePath: findChrome(), args: CHROME_ARGS } }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        extends: true,
        test: {
          name: 'dawn',
          environment: 'node',
          include: ['test/{gpu,kernels,sampler,model,engine}/**/*.test.ts'],
          exclude: ['test/engine/plan'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          isolate: false,
          pool: 'forks',
          globalSetup: ['test/support/dawn-driver.ts'],
          setupFiles: ['test/support/dawn.ts', 'test/support/each-file.ts'],
        },
      },
    ],
  },
})
