/** Where the worker that packs is, unless somebody knows better: beside this file, in the form that bundlers look for. */
export function packingWorkerUrl(): URL {
  // Vite is not to look, since a library's build would write the file into the URL
  return new URL(/* @vite-ignore */ './worker.ts', import.meta.url)
}
