globalThis.answer = new Promise((resolve, reject) => {
  const policy = globalThis.trustedTypes.createPolicy('app', { createScriptURL: url => url })
  const worker = new Worker(policy.createScriptURL('dist/worker.js'), { type: 'module' })
  worker.onmessage = ({ data }) => resolve(data)
  worker.onerror = ({ message }) => reject(new Error(message))
})
