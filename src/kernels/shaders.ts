/** Every `.wgsl` file of `shaders/`, by basename. */
const files = import.meta.glob<string>('../../shaders/*.wgsl', { query: '?raw', import: 'default', eager: true })

const sources = new Map(Object.entries(files).map(([path, text]) => [path.replace(/^.*\/|\.wgsl$/g, ''), text]))

export function shaderSource(name: string): string {
  const text = sources.get(name)
  if (text === undefined) throw new Error(`there is no shaders/${name}.wgsl`)
  return text
}
