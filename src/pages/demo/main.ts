/** The page: a model, a box for one prompt, a box for many. This file only joins the three. */
import { batchPanel } from './batch-panel'
import { cachePanel } from './cache-panel'
import { modelChooser } from './model-chooser'
import { modelPanel } from './model-panel'
import { promptPanel } from './prompt-panel'

const panels = [promptPanel(), batchPanel()]
const load = modelPanel(engine => {
  for (const panel of panels) panel.setEngine(engine)
})
modelChooser(load)
cachePanel()
