// The library's worker needs no line here: webpack finds it by its URL. Trusted Types do, wherever webpack loads parts later.
export default { mode: 'production', entry: { page: '../page.js' }, output: { trustedTypes: { policyName: 'app' } } }
