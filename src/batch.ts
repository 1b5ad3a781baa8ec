/**
 * `coppice/batch`: files of requests in OpenAI's Batch format, answered by any engine.
 *
 *     const { responses } = await runJob(engine, readLines(file.stream()))
 */
export { type BatchRequest, parseBatchRequest } from './api/batch-request'
export type { BatchResponse } from './api/batch-response'
export { type JobOptions, type JobProgress, type JobSummary, runJob } from './api/job'
export { type Line, readLines } from './api/lines'
