/** A model that many people load, for pages that offer some and for docs/models.md. */
export interface KnownModel {
  /** `org/name` on Hugging Face. */
  readonly id: string
  /** As people call it. */
  readonly name: string
  /** Weights of its text part, those of tied matrices once. */
  readonly weights: number
  /** MiB of GPU memory that the weights take with `weights: 'q4'`. */
  readonly q4Mib: number
  /** Hugging Face gives it only to those who have accepted its terms: it needs a token. */
  readonly isGated?: true
}

/** Small chat models that people use most, by rising size. A test holds each to the config.json that was published. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  { id: 'HuggingFaceTB/SmolLM2-135M-Instruct', name: 'SmolLM2 135M', weights: 134_515_008, q4Mib: 86 },
  { id: 'google/gemma-3-270m-it', name: 'Gemma 3 270M', weights: 268_098_176, q4Mib: 225, isGated: true },
  { id: 'HuggingFaceTB/SmolLM2-360M-Instruct', name: 'SmolLM2 360M', weights: 361_821_120, q4Mib: 217 },
  { id: 'Qwen/Qwen2.5-0.5B-Instruct', name: 'Qwen 2.5 0.5B', weights: 494_032_768, q4Mib: 331 },
  { id: 'Qwen/Qwen3-0.6B', name: 'Qwen 3 0.6B', weights: 596_049_920, q4Mib: 395 },
  { id: 'google/gemma-3-1b-it', name: 'Gemma 3 1B', weights: 999_885_952, q4Mib: 681, isGated: true },
  {
    id: 'TinyLlama/TinyLlama-1.1B-Chat-v1.0',
    name: 'TinyLlama 1.1B',
    weights: 1_100_048_384,
    q4Mib: 653,
  },
  { id: 'meta-llama/Llama-3.2-1B-Instruct', name: 'Llama 3.2 1B', weights: 1_235_814_400, q4Mib: 789, isGated: true },
  { id: 'Qwen/Qwen2.5-1.5B-Instruct', name: 'Qwen 2.5 1.5B', weights: 1_543_714_304, q4Mib: 940 },
  { id: 'tiiuae/Falcon3-1B-Instruct', name: 'Falcon 3 1B', weights: 1_669_408_768, q4Mib: 1_152 },
  {
    id: 'HuggingFaceTB/SmolLM2-1.7B-Instruct',
    name: 'SmolLM2 1.7B',
    weights: 1_711_376_384,
    q4Mib: 967,
  },
  { id: 'Qwen/Qwen3-1.7B', name: 'Qwen 3 1.7B', weights: 1_720_574_976, q4Mib: 1_072 },
  {
    id: 'ibm-granite/granite-3.3-2b-instruct',
    name: 'Granite 3.3 2B',
    weights: 2_533_539_840,
    q4Mib: 1_408,
  },
  { id: 'HuggingFaceTB/SmolLM3-3B', name: 'SmolLM3 3B', weights: 3_075_098_624, q4Mib: 1_776 },
  { id: 'meta-llama/Llama-3.2-3B-Instruct', name: 'Llama 3.2 3B', weights: 3_212_749_824, q4Mib: 1_912, isGated: true },
  {
    id: 'mistralai/Ministral-3-3B-Instruct-2512-BF16',
    name: 'Ministral 3 3B',
    weights: 3_429_006_336,
    q4Mib: 2_032,
  },
  { id: 'microsoft/Phi-3-mini-4k-instruct', name: 'Phi-3 mini', weights: 3_821_079_552, q4Mib: 2_145 },
  { id: 'microsoft/Phi-4-mini-instruct', name: 'Phi-4 mini', weights: 3_836_021_760, q4Mib: 2_352 },
  { id: 'google/gemma-3-4b-it', name: 'Gemma 3 4B', weights: 3_880_263_168, q4Mib: 2_403, isGated: true },
  { id: 'Qwen/Qwen3-4B-Instruct-2507', name: 'Qwen 3 4B', weights: 4_022_468_096, q4Mib: 2_344 },
]
