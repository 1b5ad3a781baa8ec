globalThis.answer = (async () => {
  const policy = globalThis.trustedTypes.createPolicy('app', { createScriptURL: url => url })
  // a module, and one file: a service worker may load nothing later
  const options = { scope: 'dist/', type: 'module' }
  await navigator.serviceWorker.register(policy.createScriptURL('dist/service-worker.js'), options)
  const { active, installing, waiting } = await navigator.serviceWorker.getRegistration('dist/')
  const { promise, resolve } = Promise.withResolvers()
  navigator.serviceWorker.onmessage = ({ data }) => resolve(data)
  ;(active ?? waiting ?? installing).postMessage('answer')
  return promise
})()
