/** The page in which `npm run bench:engine` measures. */
import type { Setting } from '../bench/setting'
import { type EngineTask, type EngineTaskReport, runEngineTask } from './task'

declare global {
  interface Window {
    runEngineTaskInPage(task: EngineTask, setting: Setting): Promise<EngineTaskReport>
  }
}

window.runEngineTaskInPage = runEngineTask
