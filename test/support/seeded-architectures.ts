/** Which tensors a checkpoint holds, by its config.json; as scripts/oracles/architectures say it. */
import {
  bias,
  buffer,
  embedding,
  linear,
  matrix,
  norm,
  number,
  type SeededTensor,
  transposed,
  wideNorm,
} from './seeded-tensors'

/** A Hugging Face config.json. */
export type HfConfig = Readonly<Record<string, unknown>>

/** The part of it that decides which tensors a Llama has. */
export interface SeededConfig {
  readonly vocab_size: number
  readonly hidden_size: number
  readonly intermediate_size: number
  readonly num_hidden_layers: number
  readonly num_attention_heads: number
  readonly num_key_value_heads: number
  readonly head_dim: number
  readonly tie_word_embeddings: boolean
  readonly attention_bias: boolean
  readonly mlp_bias: boolean
  readonly [field: string]: unknown
}

/** The weights, in the order in which they lie in the file. */
export function seededTensors(config: HfConfig): SeededTensor[] {
  const architecture = architectureOf(config)
  if (architecture === 'GPT2LMHeadModel') return gpt2(config)
  if (architecture === 'GPTNeoXForCausalLM') return gptNeoX(config)
  if (architecture === 'GPTNeoForCausalLM') return gptNeo(config)
  if (architecture === 'PhiForCausalLM') return phi(config)
  if (architecture === 'ApertusForCausalLM') return apertus(config)
  return llamaLike(config, architecture)
}

/** What published files hold besides: masks and constants that old versions of transformers saved. */
export function seededBuffers(config: HfConfig): SeededTensor[] {
  if (architectureOf(config) === 'GPT2LMHeadModel') {
    const { n_layer: layers, n_positions: positions } = numbers(config)
    return eachLayer(layers, i => [buffer(`${gpt2Prefix(config)}h.${i}.attn.bias`, [1, 1, positions, positions])])
  }
  if (architectureOf(config) === 'GPTNeoForCausalLM') {
    const { num_layers: layers, max_position_embeddings: positions } = numbers(config)
    return eachLayer(layers, i => {
      const attention = `transformer.h.${i}.attn.attention`
      return [buffer(`${attention}.bias`, [1, 1, positions, positions], 'BOOL'), buffer(`${attention}.masked_bias`, [])]
    })
  }
  if (architectureOf(config) === 'GPTNeoXForCausalLM') {
    const { num_hidden_layers: layers, max_position_embeddings: positions } = numbers(config)
    const mask = config.use_parallel_residual ? 'U8' : 'BOOL'
    return eachLayer(layers, i => {
      const attention = `gpt_neox.layers.${i}.attention`
      return [
        buffer(`${attention}.bias`, [1, 1, positions, positions], mask),
        buffer(`${attention}.masked_bias`, []),
        buffer(`${attention}.rotary_emb.inv_freq`, [4]),
      ]
    })
  }
  return []
}

/** The architectures whose norms follow attention and MLP, and are the only ones. */
const POST_NORMS = ['Olmo2', 'Olmo3', 'Exaone4']
const LAYER_NORMS = ['StableLm', 'Starcoder2']
const TIED = ['Gemma', 'Gemma2', 'Gemma3', 'SmolLM3', 'Ernie4_5', 'MiniCPM', 'Starcoder2']

/** Llama, and what differs from it in biases, norms and fused matrices. */
function llamaLike(config: HfConfig, name: string): SeededTensor[] {
  const architecture = name.replace('ForCausalLM', '')
  const { vocab_size: vocab, hidden_size: hidden, intermediate_size: ffn, num_attention_heads: heads } = numbers(config)
  const {
    num_hidden_layers: layers,
    num_key_value_heads: kvHeads,
    head_dim: headDim = hidden / heads,
  } = numbers(config)
  const [qDim, kvDim] = [heads * headDim, kvHeads * headDim]
  const isGemma = architecture.startsWith('Gemma')
  const hasBothNorms = ['Gemma2', 'Gemma3'].includes(architecture)
  const [isPostNorm, isPhi3] = [POST_NORMS.includes(architecture), architecture === 'Phi3']
  const isStarCoder2 = architecture === 'Starcoder2'
  const isTied = config.tie_word_embeddings ?? TIED.includes(architecture)
  const outputBias = architecture === 'SeedOss' ? config.attention_out_bias === true : hasBias(config, 'attention_bias')
  const qkvBias = hasBias(config, 'attention_bias') || config.use_qkv_bias === true || architecture === 'Qwen2'
  const mlpBias = hasBias(config, 'mlp_bias')
  // Gemma's norms multiply by 1 + weight
  const centre = isGemma ? 0 : 1
  const plainNorm = (each: string): SeededTensor[] =>
    LAYER_NORMS.includes(architecture) ? layerNorm(each, hidden) : [norm(`${each}.weight`, hidden, centre)]
  const postNorm = (each: string) => (hasBothNorms ? [wideNorm(`${each}.weight`, hidden)] : plainNorm(each))

  const qkNorms = (block: string): SeededTensor[] => {
    if (architecture === 'HunYuanDenseV1') {
      return ['query', 'key'].map(part => norm(`${block}.${part}_layernorm.weight`, headDim))
    }
    const isWhole = ['Olmo2', 'Olmo3'].includes(architecture)
    const isPerHead = ['Qwen3', 'Gemma3', 'Exaone4'].includes(architecture)
    const sizes = isWhole ? [qDim, kvDim] : isPerHead ? [headDim, headDim] : []
    return sizes.map((size, index) => norm(`${block}.${'qk'[index]}_norm.weight`, size, centre))
  }
  const attention = (block: string): SeededTensor[] => {
    const output = linear(`${block}.o_proj`, hidden, qDim, outputBias)
    if (isPhi3) return [...output, ...linear(`${block}.qkv_proj`, qDim + 2 * kvDim, hidden)]
    return [
      ...linear(`${block}.q_proj`, qDim, hidden, qkvBias),
      ...linear(`${block}.k_proj`, kvDim, hidden, qkvBias),
      ...linear(`${block}.v_proj`, kvDim, hidden, qkvBias),
      ...output,
      ...qkNorms(block),
    ]
  }
  const gateUp = (block: string): SeededTensor[] => {
    if (isPhi3) return linear(`${block}.gate_up_proj`, 2 * ffn, hidden)
    if (isStarCoder2) return linear(`${block}.c_fc`, ffn, hidden, mlpBias)
    return ['gate', 'up'].flatMap(part => linear(`${block}.${part}_proj`, ffn, hidden, mlpBias))
  }
  const mlp = (block: string): SeededTensor[] => [
    ...gateUp(block),
    ...linear(`${block}.${isStarCoder2 ? 'c_proj' : 'down_proj'}`, hidden, ffn, mlpBias),
  ]
  const layer = (prefix: string): SeededTensor[] => [
    ...(isPostNorm ? [] : plainNorm(`${prefix}.input_layernorm`)),
    ...attention(`${prefix}.self_attn`),
    ...postNorm(`${prefix}.post_attention_layernorm`),
    ...(hasBothNorms ? plainNorm(`${prefix}.pre_feedforward_layernorm`) : []),
    ...mlp(`${prefix}.mlp`),
    ...(hasBothNorms || isPostNorm ? postNorm(`${prefix}.post_feedforward_layernorm`) : []),
  ]
  return [
    embedding('model.embed_tokens.weight', vocab, hidden),
    ...eachLayer(layers, i => layer(`model.layers.${i}`)),
    ...plainNorm('model.norm'),
    ...(isTied ? [] : [matrix('lm_head.weight', vocab, hidden)]),
  ]
}

/** ERNIE and StarCoder say it of all layers at once. */
function hasBias(config: HfConfig, field: string): boolean {
  return config[field] === true || config.use_bias === true
}

function apertus(config: HfConfig): SeededTensor[] {
  const { vocab_size: vocab, hidden_size: hidden, intermediate_size: ffn, num_attention_heads: heads } = numbers(config)
  const { num_hidden_layers: layers, num_key_value_heads: kvHeads } = numbers(config)
  const headDim = hidden / heads
  const isBiased = hasBias(config, 'attention_bias')
  return [
    embedding('model.embed_tokens.weight', vocab, hidden),
    ...eachLayer(layers, i => {
      const layer = `model.layers.${i}`
      return [
        norm(`${layer}.attention_layernorm.weight`, hidden),
        ...linear(`${layer}.self_attn.q_proj`, hidden, hidden, isBiased),
        ...linear(`${layer}.self_attn.k_proj`, kvHeads * headDim, hidden, isBiased),
        ...linear(`${layer}.self_attn.v_proj`, kvHeads * headDim, hidden, isBiased),
        ...linear(`${layer}.self_attn.o_proj`, hidden, hidden, isBiased),
        norm(`${layer}.self_attn.q_norm.weight`, headDim),
        norm(`${layer}.self_attn.k_norm.weight`, headDim),
        norm(`${layer}.feedforward_layernorm.weight`, hidden),
        ...linear(`${layer}.mlp.up_proj`, ffn, hidden),
        ...linear(`${layer}.mlp.down_proj`, hidden, ffn),
        number(`${layer}.mlp.act_fn.alpha_p`),
        number(`${layer}.mlp.act_fn.alpha_n`),
        number(`${layer}.mlp.act_fn.beta`, 0.5),
        number(`${layer}.mlp.act_fn.eps`, -(2 ** -20)),
      ]
    }),
    norm('model.norm.weight', hidden),
    ...(config.tie_word_embeddings ? [] : [matrix('lm_head.weight', vocab, hidden)]),
  ]
}

function phi(config: HfConfig): SeededTensor[] {
  const { vocab_size: vocab, hidden_size: hidden, intermediate_size: ffn, num_hidden_layers: layers } = numbers(config)
  const { num_attention_heads: heads, num_key_value_heads: kvHeads } = numbers(config)
  const kvDim = (kvHeads * hidden) / heads
  return [
    embedding('model.embed_tokens.weight', vocab, hidden),
    ...eachLayer(layers, i => {
      const layer = `model.layers.${i}`
      return [
        ...layerNorm(`${layer}.input_layernorm`, hidden),
        ...linear(`${layer}.self_attn.q_proj`, hidden, hidden, true),
        ...linear(`${layer}.self_attn.k_proj`, kvDim, hidden, true),
        ...linear(`${layer}.self_attn.v_proj`, kvDim, hidden, true),
        ...linear(`${layer}.self_attn.dense`, hidden, hidden, true),
        ...linear(`${layer}.mlp.fc1`, ffn, hidden, true),
        ...linear(`${layer}.mlp.fc2`, hidden, ffn, true),
      ]
    }),
    ...layerNorm('model.final_layernorm', hidden),
    ...linear('lm_head', vocab, hidden, true),
  ]
}

function gptNeo(config: HfConfig): SeededTensor[] {
  const {
    vocab_size: vocab,
    hidden_size: hidden,
    num_layers: layers,
    max_position_embeddings: positions,
  } = numbers(config)
  const ffn = numbers(config).intermediate_size ?? 4 * hidden
  return [
    embedding('transformer.wte.weight', vocab, hidden),
    embedding('transformer.wpe.weight', positions, hidden),
    ...eachLayer(layers, i => {
      const layer = `transformer.h.${i}`
      const attention = `${layer}.attn.attention`
      return [
        ...layerNorm(`${layer}.ln_1`, hidden),
        ...['k', 'v', 'q'].flatMap(part => linear(`${attention}.${part}_proj`, hidden, hidden)),
        ...linear(`${attention}.out_proj`, hidden, hidden, true),
        ...layerNorm(`${layer}.ln_2`, hidden),
        ...linear(`${layer}.mlp.c_fc`, ffn, hidden, true),
        ...linear(`${layer}.mlp.c_proj`, hidden, ffn, true),
      ]
    }),
    ...layerNorm('transformer.ln_f', hidden),
  ]
}

function gpt2(config: HfConfig): SeededTensor[] {
  const { vocab_size: vocab, n_embd: hidden, n_layer: layers, n_positions: positions } = numbers(config)
  const { n_inner: ffn = 4 * hidden } = numbers(config)
  const prefix = gpt2Prefix(config)
  const conv1d = (name: string, columns: number, rows: number) => [
    transposed(`${name}.weight`, columns, rows),
    bias(`${name}.bias`, rows),
  ]
  return [
    embedding(`${prefix}wte.weight`, vocab, hidden),
    embedding(`${prefix}wpe.weight`, positions, hidden),
    ...eachLayer(layers, i => {
      const layer = `${prefix}h.${i}`
      return [
        ...layerNorm(`${layer}.ln_1`, hidden),
        ...conv1d(`${layer}.attn.c_attn`, hidden, 3 * hidden),
        ...conv1d(`${layer}.attn.c_proj`, hidden, hidden),
        ...layerNorm(`${layer}.ln_2`, hidden),
        ...conv1d(`${layer}.mlp.c_fc`, hidden, ffn),
        ...conv1d(`${layer}.mlp.c_proj`, ffn, hidden),
      ]
    }),
    ...layerNorm(`${prefix}ln_f`, hidden),
  ]
}

/** What transformers saves has a prefix; the files of the gpt2 repository, older than `transformers_version`, do not. */
function gpt2Prefix(config: HfConfig): string {
  return config.transformers_version === undefined ? '' : 'transformer.'
}

function gptNeoX(config: HfConfig): SeededTensor[] {
  const { vocab_size: vocab, hidden_size: hidden, intermediate_size: ffn, num_hidden_layers: layers } = numbers(config)
  return [
    embedding('gpt_neox.embed_in.weight', vocab, hidden),
    ...eachLayer(layers, i => {
      const layer = `gpt_neox.layers.${i}`
      return [
        ...layerNorm(`${layer}.input_layernorm`, hidden),
        ...layerNorm(`${layer}.post_attention_layernorm`, hidden),
        ...linear(`${layer}.attention.query_key_value`, 3 * hidden, hidden, true),
        ...linear(`${layer}.attention.dense`, hidden, hidden, true),
        ...linear(`${layer}.mlp.dense_h_to_4h`, ffn, hidden, true),
        ...linear(`${layer}.mlp.dense_4h_to_h`, hidden, ffn, true),
      ]
    }),
    ...layerNorm('gpt_neox.final_layer_norm', hidden),
    ...(config.tie_word_embeddings ? [] : [matrix('embed_out.weight', vocab, hidden)]),
  ]
}

function layerNorm(name: string, size: number): SeededTensor[] {
  return [norm(`${name}.weight`, size), bias(`${name}.bias`, size)]
}

function eachLayer(count: number, layer: (index: number) => SeededTensor[]): SeededTensor[] {
  return Array.from({ length: count }, (_, index) => layer(index)).flat()
}

function architectureOf(config: HfConfig): string {
  return (config.architectures as readonly string[] | undefined)?.[0] ?? 'LlamaForCausalLM'
}

/** The fields that are read through it are numbers, or absent. */
function numbers(config: HfConfig): Readonly<Record<string, number>> {
  return config as Readonly<Record<string, number>>
}
