/** The page in which `npm run bench` measures one workload after another. */

import type { Setting } from '../common/setting'
import { runWorkload, type Workload } from './run-workload'
import type { WorkloadReport } from './workload-report'

declare global {
  interface Window {
    runWorkloadInPage(workload: Workload, setting: Setting): Promise<WorkloadReport>
  }
}

window.runWorkloadInPage = runWorkload
