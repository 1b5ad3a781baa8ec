/** The reason why a kind of model does not load, and the nearest that does. */
interface Refusal {
  /** Matches the names that it has in config.json's `architectures` and as GGUF's `general.architecture`. */
  readonly names: RegExp
  readonly why: string
  readonly nearest: string
}

const LINEAR = 'most of its layers are linear attention, whose state is not computed here yet'
const STATE_SPACE = 'some of its layers are state spaces (Mamba), whose state is not computed here yet'
const EXPERTS = 'its layers choose among experts, which is not computed here yet'

/** Models that people bring and that do not load, the first that matches counts. */
const REFUSALS: readonly Refusal[] = [
  { names: /^qwen3_?(5|next)/i, why: LINEAR, nearest: 'Qwen 3' },
  {
    names: /^lfm2/i,
    why: 'most of its layers are short convolutions, which are not computed here yet',
    nearest: 'Qwen 3',
  },
  { names: /^granite-?(moe)?hybrid|^bamba/i, why: STATE_SPACE, nearest: 'Granite 3.3' },
  { names: /^falcon[-_]?h1/i, why: STATE_SPACE, nearest: 'Falcon 3' },
  { names: /^nemotron_?h/i, why: STATE_SPACE, nearest: 'Llama 3.2' },
  { names: /^olmo_?hybrid|^kimi_?linear|^minimax(?!-?m2)/i, why: LINEAR, nearest: 'OLMo 3' },
  { names: /mamba|^samba|jamba|zamba|hymba|plamo-?2/i, why: STATE_SPACE, nearest: 'SmolLM3' },
  {
    names: /^rwkv|^arwkv|retnet|xlstm|^recurrent_?gemma/i,
    why: 'it is a recurrent network, without attention',
    nearest: 'SmolLM3',
  },
  {
    names: /^gemma(3n|4)/i,
    why: 'its layers have embeddings of their own and share keys and values, which is not computed here yet',
    nearest: 'Gemma 3',
  },
  { names: /^gpt-?_?oss/i, why: EXPERTS, nearest: 'Qwen 3' },
  { names: /^olmoe|^flex_?olmo/i, why: EXPERTS, nearest: 'OLMo 3' },
  { names: /^qwen\d\w*moe/i, why: EXPERTS, nearest: 'Qwen 3' },
  {
    names: /^qwen[23]vl$/,
    why: 'how its text part lies in a GGUF file is not known here',
    nearest: 'the same model as safetensors',
  },
  { names: /^llama4/i, why: EXPERTS, nearest: 'Llama 3.2' },
  {
    names: /moe|mixtral|^deepseek_?v?[234]|^minimax-?m2|^dots1|^grok|^dbrx|^arctic|^smallthinker/i,
    why: EXPERTS,
    nearest: 'Qwen 3',
  },
  {
    names: /^apertus$/,
    why: 'the numbers of its activation are in the header of a GGUF file, where they are not looked for yet',
    nearest: 'the same model as safetensors',
  },
  { names: /^minicpm3/i, why: 'it has latent attention (MLA), which is not computed here', nearest: 'MiniCPM 4' },
  {
    names: /^bitnet/i,
    why: 'its matrices are ternary with inputs of 8 bits, which is not computed here',
    nearest: 'Llama 3.2',
  },
  {
    names: /^bai_?chuan/i,
    why: 'its q, k and v lie in one tensor that is not known here, and larger ones have biases of the scores (ALiBi)',
    nearest: 'Llama 3.2',
  },
  {
    names: /bloom|^mpt/i,
    why: 'its positions are biases of the scores (ALiBi), which are not computed here',
    nearest: 'Llama 3.2',
  },
  {
    names: /whisper|wav2vec|hubert|speech|parakeet|voxtral|audio|asr|tts|^vits|musicgen/i,
    why: 'it hears or speaks: only text is computed here',
    nearest: 'Qwen 3',
  },
  {
    names: /t5|bart|marian|pegasus|prophetnet|^m2m|^led(for|model|$)/i,
    why: 'it is an encoder with a decoder, and only decoders are computed here',
    nearest: 'Gemma 3',
  },
  {
    names: /bert|electra|mpnet|^xlm|^nomic|^esm(for|model|$)|^jina|reranker|^gte/i,
    why: 'it is an encoder, which reads all of a text at once and writes none',
    nearest: 'Qwen 3',
  },
  {
    names: /^(clip|siglip|vit|dino|deit|swin|sam|detr|convnext|segformer|depth|owl|yolo)/i,
    why: 'it sees images only',
    nearest: 'Gemma 3 (its text part)',
  },
  {
    names: /ForCondition(al)?Generation$|vlm?\b|llava/i,
    why: 'how its text part lies in it is not known here',
    nearest: 'Qwen3-VL (its text part)',
  },
]

/** A sentence on a model that does not load: why, and the nearest that does; undefined if nothing is known of it. */
export function whyUnsupported(name: string): string | undefined {
  const refusal = REFUSALS.find(({ names }) => names.test(name))
  return refusal && `${refusal.why}; the nearest that loads is ${refusal.nearest}.`
}
