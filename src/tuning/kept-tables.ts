import type { Gpu } from '../gpu/device'
import { shadersVersion } from '../kernels/shaders'
import { openCacheApi } from '../storage/open-store'
import { parseTable, type TuningTable } from './table'

type Device = Pick<Gpu, 'adapter'>

/** The cache that holds the tables, apart from the models so that it stays when these are evicted. */
const NAME = 'coppice-tuning'
/** The version of tables and of what is timed: tables of another are left alone. */
const VERSION = 2

/** Tables of this page's engines, which share them, by their path. */
const tables = new Map<string, TuningTable>()

function pathFor({ adapter }: Device): string {
  return `${VERSION}/${encodeURIComponent(adapter)}/${shadersVersion()}`
}

/** The table for this device and these shaders: this page's, else the browser's if it may have kept one, else an empty one. */
export async function openTable(gpu: Device, isKept: boolean): Promise<TuningTable> {
  const path = pathFor(gpu)
  const table = tables.get(path) ?? parseTable((isKept && (await tried(read(path)))) || '{}')
  tables.set(path, table)
  return table
}

/** Keeps a table in the browser, where that has a place for it. */
export async function keepTable(gpu: Device, table: TuningTable): Promise<void> {
  await tried(write(pathFor(gpu), JSON.stringify(table)))
}

async function read(path: string): Promise<string> {
  const store = await openCacheApi(NAME)
  return new TextDecoder().decode(await store?.read(path))
}

async function write(path: string, text: string): Promise<void> {
  const store = await openCacheApi(NAME)
  await store?.write(path, new TextEncoder().encode(text))
}

/** The value that `doing` gives; undefined where storage is blocked, full or broken: a table can be made again. */
async function tried<T>(doing: Promise<T>): Promise<T | undefined> {
  return doing.catch(() => undefined)
}
