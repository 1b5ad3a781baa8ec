/** Every `.wgsl` file below `shaders/`, by basename: kernels in the folder itself, what they link in `shared/`. */
const files = import.meta.glob<string>('../../shaders/**/*.wgsl', { query: '?raw', import: 'default', eager: true })

const sources = new Map(Object.entries(files).map(([path, text]) => [path.replace(/^.*\/|\.wgsl$/g, ''), text]))

export function shaderSource(name: string): string {
  const text = sources.get(name)
  if (text === undefined) throw new Error(`there is no shaders/${name}.wgsl`)
  return text
}

/** A hash of the texts of all shaders (32-bit FNV-1a): others have another. */
export function shadersVersion(): string {
  let hash = 0x811c9dc5
  for (const text of sources.values()) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  return (hash >>> 0).toString(16)
}
