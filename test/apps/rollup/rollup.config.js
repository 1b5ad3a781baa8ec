import resolve from '@rollup/plugin-node-resolve'

// Rollup emits no file for a URL: the worker is an entry, and stands beside the page's
export default {
  input: { page: '../page.js', 'coppice-worker': 'coppice/worker' },
  output: { dir: 'dist', entryFileNames: '[name].js' },
  plugins: [resolve({ browser: true })],
}
