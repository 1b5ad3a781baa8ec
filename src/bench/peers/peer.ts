/** An engine with the model loaded, driven in the best way that its API allows. */
export interface Peer {
  /** Greedy answers of `out` tokens to prompts that share their first `shared` ones. */
  run(prompts: readonly (readonly number[])[], shared: number, out: number, atMost: number): Promise<PeerRun>
}

export interface PeerRun {
  /** `[prompts][out]`; fewer prompts if the rest was left out. */
  readonly tokens: readonly (readonly number[])[]
  /** From the call to the last token; of all prompts, if the rest was left out, as the others took. */
  readonly ms: number
  /** From the call to the first token. */
  readonly firstMs: number
}

/** Where a page finds an engine and its model. */
export interface PeerPlace {
  /** Of `node_modules/` and `model/`, with a slash at the end. */
  readonly base: string
}

/** Loads the model; the engine's JavaScript is there already, its WASM is not. */
export type LoadPeer = () => Promise<Peer>
