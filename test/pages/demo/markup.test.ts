import { expect, it } from 'vitest'
import { filesIn } from '../../repository/source-files'

it('the page makes no markup of text: models and users write it', () => {
  const files = filesIn('src/pages/demo', '.ts')
  expect(files.length).toBeGreaterThan(0)
  const MARKUP =
    /innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|document\.write|DOMParser|createContextualFragment/
  expect(files.filter(({ text }) => MARKUP.test(text)).map(({ path }) => path)).toEqual([])
})
