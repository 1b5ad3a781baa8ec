/** Requests that each have an answer of its own, even where a GPU does nothing: by their prompts, and by how long they are. */
export function requests(count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({
    custom_id: `row-${index}`,
    prompt: [1 + (index % 200), 2, 3 + (index % 7)],
    max_tokens: 1 + (index % 9),
    ignore_eos: true,
    return_token_ids: true,
    temperature: index % 2,
  }))
}

/** All of a stream, as text. */
export function textOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return new Response(stream).text()
}

/** An output without its times. */
export async function timeless(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return (await textOf(stream)).replace(/"created":\d+/g, '"created":0')
}
