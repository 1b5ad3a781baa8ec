import type { Gpu } from '../gpu/device'
import { shadersVersion } from '../kernels/shaders'
import { parseTable, type TuningTable } from './table'

type Device = Pick<Gpu, 'adapter'>

const NAME = 'coppice-tuning'
/** Another one when tables, or what is timed, change: older tables are then left alone. */
const VERSION = 2

/** Those of this page's engines, which share them. */
const tables = new Map<string, TuningTable>()

/** Only a key: nothing is ever asked for there. */
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

/** A table can be made again: storage that is blocked, full or broken is none. */
async function tried<T>(doing: Promise<T>): Promise<T | undefined> {
  return doing.catch(() => undefined)
}
