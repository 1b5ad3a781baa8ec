import type { Node } from './node'

/** The source of the same expression for JavaScript, with flag `v`. */
export function toJavaScript(root: Node): string {
  let numAtomic = 0
  const write = (node: Node): string => {
    switch (node.type) {
      case 'code point':
      case 'place':
        return node.source
      case 'sequence':
        return node.items.map(item => (item.type === 'alternatives' ? `(?:${write(item)})` : write(item))).join('')
      case 'alternatives':
        return node.items.map(write).join('|')
      case 'repeat':
        return `${unit(node.item)}${quantifier(node.min, node.max)}${node.isLazy ? '?' : ''}`
      case 'look':
        return `(?${node.isNegative ? '!' : '='}${write(node.item)})`
      case 'atomic': {
        // a lookahead gives nothing back, and what it has found is then taken as it is
        const name = `atomic${numAtomic++}`
        return `(?=(?<${name}>${write(node.item)}))\\k<${name}>`
      }
    }
  }
  const unit = (node: Node) => (node.type === 'code point' ? node.source : `(?:${write(node)})`)
  return write(root)
}

function quantifier(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`
  if (min === 0 && max === 1) return '?'
  return `{${min},${max}}`
}
