// A service worker can start no workers: weights are packed on its own thread.
import { answer } from './app.js'

self.addEventListener('message', async ({ source }) => {
  source.postMessage(await answer())
})
