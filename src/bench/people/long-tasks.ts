/** Tasks of a page's thread of more than 50 ms, which people notice. */
export interface LongTasks {
  readonly count: number
  readonly longestMs: number
}

/** The long tasks while `work` lasts, as the browser tells them, and the time that it takes. */
export async function longTasksOf(work: () => Promise<unknown>): Promise<LongTasks & { readonly ms: number }> {
  const durations: number[] = []
  const observer = new PerformanceObserver(list => durations.push(...list.getEntries().map(({ duration }) => duration)))
  observer.observe({ type: 'longtask' })
  const began = performance.now()
  await work()
  const ms = performance.now() - began
  // the observer hears of a task after it
  await new Promise(resolve => setTimeout(resolve, 100))
  observer.disconnect()
  return { ms, count: durations.length, longestMs: Math.max(0, ...durations) }
}
