// The library's workers need no line here: webpack finds them by their URLs.
export default { mode: 'production', entry: { client: '../client.js' } }
