import { evictCached, listCached } from '../../index'
import { byId, make, showError } from './dom'
import { formatBytes, joinFacts } from './format'

/** The models that the browser keeps, each with a button that removes it; looked up whenever the list is opened. */
export function cachePanel(): void {
  const others = byId('model-others', HTMLDetailsElement)
  const list = byId('model-cached', HTMLUListElement)
  const room = byId('model-room', HTMLElement)

  async function refresh(): Promise<void> {
    const { models, usageBytes, quotaBytes } = await listCached()
    const rows = models.map(({ name, bytes }) => {
      const row = make('li', '', `${name}, ${formatBytes(bytes)} `)
      const button = make('button', 'link', 'remove')
      button.type = 'button'
      button.setAttribute('aria-label', `remove ${name}`)
      button.addEventListener('click', () => show(evictCached(name).then(refresh)))
      row.append(button)
      return row
    })
    list.replaceChildren(...rows)
    room.textContent = joinFacts(
      models.length === 0 ? 'No downloaded model is kept' : undefined,
      usageBytes === undefined ? undefined : `this site uses ${formatBytes(usageBytes)}`,
      quotaBytes === undefined ? undefined : `the browser allows about ${formatBytes(quotaBytes)}`,
    )
  }

  const show = (work: Promise<void>) =>
    void work.catch((error: unknown) => showError(byId('model-error', HTMLElement), error))
  others.addEventListener('toggle', () => others.open && show(refresh()))
}
