import type { Store } from './store'

/** The beginning of every key, which must be a URL: nothing is ever asked for there. */
const ORIGIN = 'https://coppice.invalid/'
const SIZE = 'content-length'

/** A store in a cache of the Cache API, which pages have where there is no private file system. */
export function cacheApiStore(cache: Cache): Store {
  async function pathsIn(folder: string): Promise<string[]> {
    const paths = (await cache.keys()).map(({ url }) => url.slice(ORIGIN.length))
    return folder ? paths.filter(path => path.startsWith(`${folder}/`)) : paths
  }

  return {
    async read(path) {
      const response = await cache.match(ORIGIN + path)
      return response && new Uint8Array(await response.arrayBuffer())
    },

    async write(path, bytes) {
      const response = new Response(bytes, { headers: { [SIZE]: String(bytes.length) } })
      await cache.put(ORIGIN + path, response)
    },

    async list(folder = '') {
      const sizes = (await pathsIn(folder)).map(async (path): Promise<[string, number]> => {
        const response = await cache.match(ORIGIN + path)
        return [folder ? path.slice(folder.length + 1) : path, Number(response?.headers.get(SIZE) ?? 0)]
      })
      return new Map(await Promise.all(sizes))
    },

    async remove(path) {
      const paths = [path, ...(await pathsIn(path))]
      await Promise.all(paths.map(each => cache.delete(ORIGIN + each)))
    },
  }
}
