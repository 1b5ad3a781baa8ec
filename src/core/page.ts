/** Whether this thread is a page's, and somebody sees it: only then does it draw. Workers and Node have none. */
export function isPageSeen(): boolean {
  return globalThis.document?.visibilityState === 'visible'
}
