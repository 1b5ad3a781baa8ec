import { existsSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isAbsolute, resolve } from 'node:path'
import { createServer } from 'vite'
import { withoutSecrets } from '../loader/http/address'

export interface PageServer {
  /** The address of a page or file below src/ or public/. */
  url(path: string): string
  /** The address from which a page can fetch a model that may be a local folder or GGUF file. */
  modelUrl(model: string): string
  close(): Promise<void>
}

/** Answers a request; false if that is for somebody else. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => boolean

/** Serves the pages of src/ and the files of public/ on a free port of this machine; `handle` is asked first. */
export async function servePages(handle: RequestHandler = () => false): Promise<PageServer> {
  const listeners = process.listeners('SIGTERM')
  const server = await createServer({
    logLevel: 'error',
    plugins: [
      {
        name: 'handler',
        configureServer: ({ middlewares }) => {
          middlewares.use((request, response, next) => handle(request, response) || next())
        },
      },
    ],
    server: { port: 0, host: '127.0.0.1', hmr: false, fs: { strict: false } },
  })
  // Vite's own ends the process, whatever the command has still to do
  for (const added of process.listeners('SIGTERM')) if (!listeners.includes(added)) process.off('SIGTERM', added)
  await server.listen()
  const address = server.httpServer?.address()
  if (!address || typeof address === 'string') throw new Error('the page server has no port')
  const url = (path: string) => `http://127.0.0.1:${address.port}/${path}`
  return {
    url,
    modelUrl: model => (isAbsolute(model) ? url(`@fs${model}${model.endsWith('.gguf') ? '' : '/'}`) : model),
    close: () => server.close(),
  }
}

const EMBEDDED = resolve('public/models')

/** The model that `--model` means: an embedded model, a local folder or file becomes an absolute path, anything else stays. */
export function resolveModel(model: string): string {
  if (/^https?:\/\//.test(model)) return model
  const embedded = resolve(EMBEDDED, model)
  if (!model.includes('/') && existsSync(embedded)) return embedded
  return existsSync(model) ? resolve(model) : model
}

/** The model's name in files and answers: as the user gave it, but that an address may hold a password or a key. */
export function publicName(model: string): string {
  return model.includes('://') ? withoutSecrets(model) : model
}
