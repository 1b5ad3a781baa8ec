// The library's worker needs no line here: webpack finds it by its URL.
export default { mode: 'production', entry: { page: '../page.js' } }
