/** The script of a worker whose engine has a GPU that does nothing: what is left is the engine's own time, and the way to the page. */
import { pause } from '../../core/pause'
import '../../worker/host-worker'
import { nullGpu } from '../common/null-gpu'

Object.defineProperty(navigator, 'gpu', { value: nullGpu(() => undefined, { mapAsync: pause }) })
