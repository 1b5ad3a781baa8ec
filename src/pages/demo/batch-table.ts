import type { GenerationResult } from '../../index'
import { byId, make } from './dom'

export interface BatchTable {
  /** A row for each line, all unanswered. */
  reset(lines: readonly string[]): void
  fill(result: GenerationResult): void
  /** No more answers come: rows without one say why. */
  end(ending: string): void
}

const STATUS = { stop: 'done', length: 'cut', abort: 'stopped', error: 'failed' } as const

/** The answers, a row each. */
export function batchTable(): BatchTable {
  const body = byId('batch-rows', HTMLTableSectionElement)
  let rows: { readonly answer: HTMLElement; readonly status: HTMLElement }[] = []

  function setStatus(status: HTMLElement, text: string): void {
    status.replaceChildren(make('span', `dot ${text}`), text)
  }

  return {
    reset(lines) {
      const elements = lines.map((line, index) => {
        const row = make('tr')
        const answer = make('td', 'answer')
        const status = make('td', 'row-status')
        setStatus(status, 'running')
        row.append(make('td', 'number', String(index + 1)), make('td', 'line', line), answer, status)
        return { row, answer, status }
      })
      rows = elements
      body.replaceChildren(...elements.map(({ row }) => row))
    },
    fill({ index, text, finishReason, error }) {
      const { answer, status } = rows[index]
      answer.textContent = error ? `${error.name}: ${error.message}` : text.trim()
      setStatus(status, STATUS[finishReason])
    },
    end(ending) {
      for (const { status } of rows) if (status.textContent === 'running') setStatus(status, ending)
    },
  }
}
