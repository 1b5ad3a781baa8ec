// The engine in a worker of the app's own, which starts those that pack weights by itself.
import { answer } from './app.js'

self.postMessage(await answer())
