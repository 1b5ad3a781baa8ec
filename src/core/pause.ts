/** Lets other work of this thread have its turn. Timers would do, but slow down to one a second in background tabs. */
export function pause(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  return new Promise(resolve => {
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}
