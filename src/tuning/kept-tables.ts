import type { Gpu } from '../gpu/device'
import { shadersVersion } from '../kernels/shaders'
import { parseTable, type TuningTable } from './table'

type Device = Pick<Gpu, 'adapter'>

const NAME = 'coppice-tuning'
/** The version of tables and of what is timed: tables of another are left alone. */
const VERSION = 2

/** The tables of this page's engines, which share them, by address. */
const tables = new Map<string, TuningTable>()

/** The key of a device's table: an address, as the Cache API wants it, at which nothing is ever asked for. */
function addressFor({ adapter }: Device): string {
  return `https://coppice.invalid/${VERSION}/${encodeURIComponent(adapter)}/${shadersVersion()}`
}

/** The table for this device and these shaders: this page's, else the browser's if it may have kept one, else an empty one. */
export async function openTable(gpu: Device, isKept: boolean): Promise<TuningTable> {
  const address = addressFor(gpu)
  const table = tables.get(address) ?? parseTable((isKept && (await tried(read(address)))) || '{}')
  tables.set(address, table)
  return table
}

/** Keeps a table in the browser, where that has a place for it. */
export async function keepTable(gpu: Device, table: TuningTable): Promise<void> {
  await tried(write(addressFor(gpu), JSON.stringify(table)))
}

async function read(address: string): Promise<string | undefined> {
  const cache = await globalThis.caches?.open(NAME)
  return (await cache?.match(address))?.text()
}

async function write(address: string, text: string): Promise<void> {
  const cache = await globalThis.caches?.open(NAME)
  await cache?.put(address, new Response(text))
}

/** Undefined where storage is blocked, full or broken: a table can be made again. */
async function tried<T>(doing: Promise<T>): Promise<T | undefined> {
  return doing.catch(() => undefined)
}
