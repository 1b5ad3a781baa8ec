/** https://www.w3.org/TR/trusted-types/, as far as it matters here. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): typeof policy
}

let policy: { createScriptURL(url: string): string } | undefined

/** A worker's URL as a page wants it that enforces Trusted Types; its `trusted-types` list, if it has one, names `coppice`. */
function trusted(url: string | URL): string {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes }
  policy ??= trustedTypes?.createPolicy('coppice', { createScriptURL: url => url })
  return policy ? policy.createScriptURL(String(url)) : String(url)
}

/** A worker of the kind whose script is a module. @throws what policies throw that forbid it at once */
export function moduleWorker<T extends Worker | SharedWorker>(
  Kind: new (url: string, options: WorkerOptions) => T,
  url: string | URL,
  options: WorkerOptions,
): T {
  return new Kind(trusted(url), { type: 'module', ...options })
}
