import { byId, showError } from './dom'
import { droppedFiles } from './dropped-files'
import { type LoadModel, type ModelChoice, SPROUT } from './model-choice'

/** All ways to name a model: an id or address, a folder picked, a folder dropped. Begins with the embedded one. */
export function modelChooser(load: LoadModel): void {
  const form = byId('model-form', HTMLFormElement)
  const name = byId('model-name', HTMLInputElement)
  const weights = byId('model-weights', HTMLSelectElement)
  const folder = byId('model-folder', HTMLInputElement)

  // the page's own values, which the engine checks
  type WeightsOption = ModelChoice['options']['weights']
  const choose = (chosenName: string, location: ModelChoice['location']) =>
    load({ name: chosenName, location, options: { weights: weights.value as WeightsOption } })

  form.addEventListener('submit', event => {
    event.preventDefault()
    const location = name.value.trim()
    if (location) void choose(location, location)
  })

  folder.addEventListener('change', () => {
    const files = [...(folder.files ?? [])]
    folder.value = '' // choosing the same folder again is a change too
    if (files.length > 0) void choose(files[0].webkitRelativePath.split('/')[0] || 'your folder', files)
  })

  byId('model-embedded', HTMLButtonElement).addEventListener('click', () => void load(SPROUT))

  const hover = (isOver: boolean) => document.body.classList.toggle('is-dropping', isOver)
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files')
  window.addEventListener('dragover', event => {
    if (!hasFiles(event)) return
    event.preventDefault()
    hover(true)
  })
  window.addEventListener('dragleave', event => {
    if (!event.relatedTarget) hover(false)
  })
  window.addEventListener('drop', event => {
    if (!event.dataTransfer || !hasFiles(event)) return
    event.preventDefault()
    hover(false)
    byId('model-others', HTMLDetailsElement).open = true
    droppedFiles(event.dataTransfer).then(
      dropped => choose(dropped.name, dropped.files),
      (reason: unknown) => showError(byId('model-error', HTMLElement), reason),
    )
  })

  void load(SPROUT)
}
