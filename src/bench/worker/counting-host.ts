/** The script of a worker that tells every page, when asked, how many bytes of buffers its engines have made on the GPU. */
import '../../worker/host-worker'

let bytes = 0
const create = GPUDevice.prototype.createBuffer
GPUDevice.prototype.createBuffer = function (descriptor) {
  bytes += descriptor.size
  return create.call(this, descriptor)
}

self.addEventListener('connect', event => {
  const [port] = (event as MessageEvent).ports
  port.addEventListener('message', ({ data }) => data === 'bytes' && port.postMessage(bytes))
})
