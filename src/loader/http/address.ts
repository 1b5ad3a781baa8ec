import { InvalidRequest } from '../../core/errors'

/** A URL without user and password, which `fetch` refuses, and the header that has them instead. */
export interface Address {
  readonly url: URL
  readonly authorization: string | undefined
}

/** Reads an address, relative to the page if there is one. @throws InvalidRequest that shows no secrets */
export function parseAddress(address: string | URL): Address {
  let url: URL
  try {
    url = new URL(address, globalThis.location?.href)
  } catch {
    // no cause: the platform's error repeats the address
    throw new InvalidRequest(
      `${withoutSecrets(String(address))} is not a URL. Outside a page give it in full, with https://.`,
    )
  }
  const { username, password } = url
  if (!username && !password) return { url, authorization: undefined }
  url.username = ''
  url.password = ''
  return { url, authorization: `Basic ${base64(`${decode(username)}:${decode(password)}`)}` }
}

/** Whether a URL is of HTTP: only there may a server know ranges, be busy, or drop connections. */
export function isHttp({ protocol }: URL): boolean {
  return protocol === 'https:' || protocol === 'http:'
}

/** An address as people may see it: what stands before the host or behind the path may be a key. */
export function shownUrl({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`
}

/** A text without the secrets of the address that it is, URL or not. */
export function withoutSecrets(text: string): string {
  const withoutUser = text.replace(/^([a-z][\w+.-]*:\/\/).*@/is, '$1').replace(/^[^/]*:[^/]*@/, '')
  return withoutUser.replace(/[?#].*$/s, '')
}

/** A platform's error without the secrets of addresses in it: Deno's and Bun's name the address that was asked for. */
export function withoutAddresses(error: unknown): unknown {
  if (!(error instanceof Error) || !namesSecrets(error)) return error
  const { name, message, cause } = error
  return Object.assign(new Error(scrub(message), { cause: withoutAddresses(cause) }), { name })
}

function namesSecrets(error: Error): boolean {
  const texts = [error.message, ...Object.values(error)].filter(value => typeof value === 'string')
  return texts.some(text => scrub(text) !== text) || (error.cause instanceof Error && namesSecrets(error.cause))
}

function scrub(text: string): string {
  return text.replace(/\b[a-z][\w+.-]*:\/\/[^\s"'<>()]+/gi, url => {
    return url.replace(/:\/\/[^/?#]*@/, '://').replace(/[?#].*$/, '')
  })
}

/** The text that a part of a URL encodes; if it is no valid encoding, the part itself. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
