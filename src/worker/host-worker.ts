/** `coppice/host`: the module of a worker that engines run in, for pages that ask. */
import { serve } from './host'
import { CONNECT } from './protocol'

self.addEventListener('message', ({ data, ports: [port] }) => {
  if (data === CONNECT && port) serve(port)
})
