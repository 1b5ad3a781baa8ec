/** https://www.w3.org/TR/trusted-types/, as far as it matters here. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): typeof policy
}

let policy: { createScriptURL(url: string): string } | undefined

/** A worker's URL as a page wants it that enforces Trusted Types; its `trusted-types` list, if it has one, names `coppice`. */
export function trusted(url: string | URL): string {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes }
  policy ??= trustedTypes?.createPolicy('coppice', { createScriptURL: url => url })
  return policy ? policy.createScriptURL(String(url)) : String(url)
}
