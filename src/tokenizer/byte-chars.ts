/** The character that stands for each byte in byte-level vocabularies: itself where it prints, else one from U+0100 on. */
export const BYTE_CHARS: readonly string[] = byteChars()

const BYTES: ReadonlyMap<string, number> = new Map(BYTE_CHARS.map((char, byte) => [char, byte]))
const encoder = new TextEncoder()

/** The bytes that a token's characters stand for; the UTF-8 of its text if it has other characters, as added tokens may. */
export function bytesOfToken(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length)
  for (let index = 0; index < token.length; index++) {
    const byte = BYTES.get(token[index])
    if (byte === undefined) return encoder.encode(token)
    bytes[index] = byte
  }
  return bytes
}

function byteChars(): string[] {
  let next = 0x100
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCharCode(/[!-~\xa1-\xac\xae-\xff]/.test(String.fromCharCode(byte)) ? byte : next++),
  )
}
