/** The page in which `npm run bench:kernels` measures. */
import { type KernelEvents, type KernelRun, type KernelTask, runKernels } from './run'

declare global {
  interface Window extends KernelEvents {
    runKernelsInPage(task: KernelTask): Promise<KernelRun>
  }
}

window.runKernelsInPage = task => runKernels(task, window)
