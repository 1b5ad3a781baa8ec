import type { JobProgress } from '../batch'

const WIDTH = 30

/** Where nothing is left out. */
const BEGINNING: Pick<JobProgress, 'done' | 'elapsedMs'> = { done: 0, elapsedMs: 0 }

/**
 * One line: a bar, how many are done, tokens per second, and the time left if the rest takes as long as those did that
 * were done since `warm`.
 */
export function progressLine({ done, total, decodeTokens, elapsedMs }: JobProgress, warm = BEGINNING): string {
  const filled = total === 0 ? WIDTH : Math.round((done / total) * WIDTH)
  const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled)
  const seconds = elapsedMs / 1000
  const rate = seconds > 0 ? decodeTokens / seconds : 0
  const doneWarm = done - warm.done
  const left = doneWarm <= 0 ? '–' : duration(((elapsedMs - warm.elapsedMs) / 1000 / doneWarm) * (total - done))
  return `${bar} ${done}/${total}  ${rate.toFixed(0)} tok/s  ETA ${done === total && total > 0 ? '0 s' : left}`
}

/** Draws progress on a terminal; elsewhere prints a line every tenth. */
export function progressBar(stream: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>): (progress: JobProgress) => void {
  let printed = 0
  /** The first answer: before it lines were read, prompts planned and kernels compiled, once for all of them. */
  let warm: JobProgress | undefined
  return progress => {
    if (progress.decodeTokens > 0) warm ??= progress
    const line = progressLine(progress, warm ?? progress)
    const isLast = progress.done === progress.total
    if (stream.isTTY) {
      stream.write(`\r${line}\x1b[K${isLast ? '\n' : ''}`)
    } else if (isLast || progress.done >= printed + progress.total / 10) {
      printed = progress.done
      stream.write(`${line}\n`)
    }
  }
}

function duration(exact: number): string {
  const seconds = Math.ceil(exact)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
