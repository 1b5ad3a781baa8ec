import { WorkerFailed } from '../core/errors'
import { pause } from '../core/pause'
import { trusted } from '../core/trusted-url'

/** A worker of ours. @throws WorkerFailed where a policy forbids it at once */
export function startWorker(workerUrl?: string | URL): { readonly worker: Worker; readonly url: string } {
  if (typeof Worker === 'undefined') {
    throw new WorkerFailed('There are no workers here. Use `createEngine` of coppice, which runs on this thread.')
  }
  // in this form, which bundlers look for; Vite is not to, since a library's build would write the file into the URL
  const url = String(workerUrl ?? new URL(/* @vite-ignore */ './host-worker.ts', import.meta.url))
  try {
    return { worker: new Worker(trusted(url), { type: 'module', name: 'coppice' }), url }
  } catch (cause) {
    throw new WorkerFailed(`The engine's worker at ${url} is refused: ${String(cause)} ${advice}`, { cause })
  }
}

const advice =
  'Its file is the module coppice/host: serve it beside the bundle, or say where it is in the option workerUrl; the ' +
  "page's policy must allow it in worker-src, and the policy coppice in trusted-types."

/** Calls `onDeath` when the worker fails, at its start or later. Returns what ends that. */
export function watchWorker(worker: Worker, url: string, onDeath: (error: WorkerFailed) => void): () => void {
  let directive: string | undefined
  const onViolation = ({ blockedURI, effectiveDirective }: SecurityPolicyViolationEvent) => {
    if (url.startsWith(blockedURI)) directive = effectiveDirective
  }
  const onError = async ({ message }: ErrorEvent) => {
    // a policy that forbids the worker is told of by another event, perhaps later
    await pause()
    const what = directive ? `the page's policy forbids it (${directive})` : message || 'its file does not load'
    onDeath(new WorkerFailed(`The engine's worker ${url} failed: ${what}. ${advice}`))
  }
  globalThis.addEventListener?.('securitypolicyviolation', onViolation)
  worker.addEventListener('error', onError)
  return () => {
    globalThis.removeEventListener?.('securitypolicyviolation', onViolation)
    worker.removeEventListener('error', onError)
  }
}
