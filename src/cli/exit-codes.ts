import { UsageError } from './job-options'

export const EXIT = { ok: 0, someFailed: 1, usage: 2, model: 3, device: 4, fault: 5, output: 6 }

/** Names of the engine's errors, by the exit code they lead to; others are faults of ours and show their stack. */
const EXIT_OF_ERROR: Readonly<Record<string, number>> = {
  UsageError: EXIT.usage,
  InvalidRequest: EXIT.usage,
  UnsupportedModel: EXIT.model,
  CorruptCheckpoint: EXIT.model,
  DownloadFailed: EXIT.model,
  OutOfMemory: EXIT.model,
  UnsupportedDevice: EXIT.device,
  DeviceLost: EXIT.device,
  OutputFailed: EXIT.output,
  RemoteFailed: EXIT.device,
}

export function codeOf(error: unknown): number {
  return EXIT_OF_ERROR[nameOf(error)] ?? EXIT.fault
}

/** Says on stderr what ended the command. */
export function sayError(error: unknown): void {
  console.error(codeOf(error) === EXIT.fault ? error : `${nameOf(error)}: ${(error as Error).message}`)
}

function nameOf(error: unknown): string {
  if (error instanceof UsageError) return 'UsageError'
  return error instanceof Error ? error.name : ''
}
