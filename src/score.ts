/**
 * `coppice/score`: how likely texts are, exactly and without generating them.
 *
 *     const [{ label, probabilities }] = await classify(engine, ['My parcel is late'], { instruction, labels })
 */
export type { Calibration } from './scores/calibration'
export {
  type CalibrateOptions,
  type Classification,
  type ClassifyOptions,
  calibrate,
  classify,
  type Example,
} from './scores/classify'
export type { Candidate } from './scores/continuations'
export { logprobs, type TextLogprobs } from './scores/logprobs'
export { type RankedDocument, type RankOptions, rank } from './scores/rank'
export { type CandidateScore, type ScoreOptions, score } from './scores/score'
