/** A worker with an engine's host and a GPU that does nothing. */
import { slowNullGpu } from './slow-null-gpu'

Object.defineProperty(navigator, 'gpu', { value: slowNullGpu() })
// only now: a host takes the GPU that it finds
await import('../../worker/host-worker')
postMessage('ready')
