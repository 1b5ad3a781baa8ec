globalThis.answer = (async () => {
  const policy = globalThis.trustedTypes.createPolicy('app', { createScriptURL: url => url })
  await navigator.serviceWorker.register(policy.createScriptURL('dist/service-worker.js'), { scope: 'dist/' })
  const { active, installing, waiting } = await navigator.serviceWorker.getRegistration('dist/')
  const { promise, resolve } = Promise.withResolvers()
  navigator.serviceWorker.onmessage = ({ data }) => resolve(data)
  ;(active ?? waiting ?? installing).postMessage('answer')
  return promise
})()
