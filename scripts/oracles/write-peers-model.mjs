// Writes the model on which engines are compared, in the format of each: node scripts/oracles/write-peers-model.mjs DIR
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

/** Six million parameters, small enough to compare engines on a software GPU. */
const CONFIG = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  attention_bias: false,
  mlp_bias: false,
  rope_scaling: null,
  rope_theta: 10000,
  tie_word_embeddings: true,
  max_position_embeddings: 2048,
  vocab_size: 4096,
  hidden_size: 256,
  intermediate_size: 768,
  num_hidden_layers: 6,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 64,
}

const [folder] = process.argv.slice(2)
if (!folder) {
  console.error('usage: node scripts/oracles/write-peers-model.mjs DIR')
  process.exit(2)
}
const { module } = await runnerImport(fileURLToPath(new URL('../../test/support/grid-model.ts', import.meta.url)))
for (const [name, contents] of Object.entries(module.gridFiles(CONFIG, 1))) {
  const file = join(folder, name)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, contents)
}
