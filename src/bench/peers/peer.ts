/** An engine with the model loaded, driven in the best way that its API allows. */
export interface Peer {
  /** Greedy answers of `out` tokens to prompts that share their first `shared` ones. */
  run(prompts: readonly (readonly number[])[], shared: number, out: number, atMost: number): Promise<PeerRun>
}

export interface PeerRun {
  /** Generated tokens, `[prompts][out]`; of fewer prompts if the rest was left out. */
  readonly tokens: readonly (readonly number[])[]
  /** Time from the call to the last token; prompts that were left out are reckoned as the others. */
  readonly ms: number
  /** Time from the call to the first token. */
  readonly firstMs: number
}

/** The place where a page finds an engine and its model. */
export interface PeerPlace {
  /** Address of the folder of `node_modules/` and `model/`, with a slash at the end. */
  readonly base: string
}

/** Loads the model; the engine's JavaScript is there already, its WASM is not. */
export type LoadPeer = () => Promise<Peer>
