/** What turns scores of labels into probabilities that hold: of all answers given with 0.8, four in five are right. */
export interface Calibration {
  /** Scores are divided by it (Guo et al., arXiv:1706.04599 §4.2). Default 1. */
  readonly temperature?: number
  /** [labels] What a label's score has without any content, which is taken off (Zhao et al., arXiv:2102.09690 §4). Default 0. */
  readonly bias?: readonly number[]
}

/** Probabilities of labels by their log-probabilities; sums to 1. */
export function probabilitiesOf(
  logprobs: readonly number[],
  { temperature = 1, bias = [] }: Calibration = {},
): number[] {
  const scores = logprobs.map((logprob, label) => (logprob - (bias[label] ?? 0)) / temperature)
  const most = Math.max(...scores)
  const weights = scores.map(each => Math.exp(each - most))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map(weight => weight / sum)
}

/** Between a hundredth and a hundred: far outside, all is the same or certain. */
const [COLDEST, HOTTEST] = [Math.log(0.01), Math.log(100)]
const GOLDEN = (Math.sqrt(5) - 1) / 2

/**
 * The temperature by which known answers are likeliest: the minimum of the mean of -log p, which has but one, by golden section.
 * @param logprobs [rows][labels] @param answers [rows] indices of labels
 */
export function fitTemperature(
  logprobs: readonly (readonly number[])[],
  answers: readonly number[],
  bias?: readonly number[],
): number {
  const loss = (logTemperature: number) =>
    logprobs.reduce((sum, row, index) => {
      const probability = probabilitiesOf(row, { temperature: Math.exp(logTemperature), bias })[answers[index]]
      return sum - Math.log(Math.max(probability, 1e-300))
    }, 0)
  let [low, high] = [COLDEST, HOTTEST]
  let [left, right] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)]
  let [lossLeft, lossRight] = [loss(left), loss(right)]
  while (high - low > 1e-5) {
    if (lossLeft <= lossRight) {
      ;[high, right, lossRight] = [right, left, lossLeft]
      left = high - GOLDEN * (high - low)
      lossLeft = loss(left)
    } else {
      ;[low, left, lossLeft] = [left, right, lossRight]
      right = low + GOLDEN * (high - low)
      lossRight = loss(right)
    }
  }
  return Math.exp((low + high) / 2)
}
