// Writes the tests' tokenizers, texts and chat templates for other implementations: node scripts/oracles/write-tokenizers.mjs DIR
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runnerImport } from 'vite'

const [dir] = process.argv.slice(2)
const load = async path => (await runnerImport(path)).module
const { kinds } = await load('./test/tokenizer/kinds.ts')
const { CORPUS, DECOMPOSED } = await load('./test/tokenizer/corpus.ts')
const { TEMPLATES: templates, CONVERSATIONS: conversations, REQUESTS: requests } = await load(
  './test/tokenizer/templates.ts',
)
const { MICRO_TEMPLATES: microTemplates, MICRO_VARIABLES: microVariables } = await load('./test/jinja/micro-templates.ts')
const all = { templates, conversations, requests, microTemplates, microVariables }
writeFileSync(join(dir, 'templates.json'), JSON.stringify(all))
writeFileSync(join(dir, 'texts.json'), JSON.stringify([...CORPUS, ...DECOMPOSED]))
writeFileSync(join(dir, 'kinds.json'), JSON.stringify(kinds.map(({ name, json }) => ({ name, json }))))
