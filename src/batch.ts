/**
 * `coppice/batch`: files of requests in OpenAI's Batch format, answered by any engine; and jobs that outlive the page.
 *
 *     const { responses } = await runJob(engine, readLines(file.stream()))
 *
 *     const job = await jobsOf(engine).start(file, { id: 'tickets' })
 *     for await (const response of job.results()) show(response)
 */
export { type BatchRequest, parseBatchRequest } from './api/batch-request'
export type { BatchResponse } from './api/batch-response'
export { type JobOptions, type JobProgress, type JobSummary, runJob } from './api/job'
export { type Line, readLines } from './api/lines'
export type { DurableJob } from './jobs/durable-job'
export {
  type DamagedJob,
  type JobEntry,
  type Jobs,
  type JobsOptions,
  jobsOf,
  type KeptJob,
  type StartOptions,
} from './jobs/jobs'
export type { DurableProgress, Effort, JobState } from './jobs/progress'
export type { JobRequest, JobRequests } from './jobs/requests'
export type { RunOptions, WatchOptions } from './jobs/run-options'
export type { Store } from './storage/store'
