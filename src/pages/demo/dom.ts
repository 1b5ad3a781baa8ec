/** The element of index.html with this id. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`index.html has no ${type.name} with the id ${id}.`)
  return element
}

/** A new element. Text goes in as text, never as markup: models and users write it. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  text = '',
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  return element
}

/** Shows what went wrong, by the error's own name and message; nothing for undefined. */
export function showError(place: HTMLElement, error: unknown): void {
  place.hidden = error === undefined
  place.replaceChildren()
  if (error === undefined) return
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
  place.append(make('strong', '', name), ` ${message}`)
}

/** Changes a text that is read aloud only when it is another. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
