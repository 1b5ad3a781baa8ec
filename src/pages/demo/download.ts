import { make } from './dom'

/** Hands the user a file. */
export function downloadText(name: string, text: string): void {
  const link = make('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/jsonl' }))
  link.download = name
  link.click()
  // the download has taken the bytes by the next task
  setTimeout(() => URL.revokeObjectURL(link.href))
}
