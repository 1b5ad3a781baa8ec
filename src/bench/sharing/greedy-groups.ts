/** Prompts that share their first `prefixLen` tokens. */
export interface GreedyGroup {
  readonly prefixLen: number
  /** Indices of two or more prompts. */
  readonly members: readonly number[]
}

/** Tokens `[start, end)` of `source`, which all prompts below have at that place. */
interface Node {
  source: readonly number[]
  start: number
  end: number
  numPrompts: number
  children: Node[]
  /** Indices of the prompts that end here. */
  readonly ending: number[]
}

/**
 * The baseline for grouping: BatchLLM's own algorithm (arXiv:2412.03594, MaximizeReuse). Bottom up, a grandchild
 * becomes a child, with a copy of the tokens between, if what its prompts save by its own tokens outweighs that copy; a
 * child left with a single successor is joined with it. The released code also tries to join where that successor is
 * the end of a prompt, which has no tokens, and fails; here such a child stays as it is.
 */
export function greedyGroups(prompts: readonly (readonly number[])[]): GreedyGroup[] {
  const root: Node = { source: [], start: 0, end: 0, numPrompts: 0, children: [], ending: [] }
  for (const [index, prompt] of prompts.entries()) insert(root, prompt, index)
  for (const node of preorder(root).reverse()) {
    for (const child of [...node.children]) enlarge(node, child)
  }
  const groups = root.children.map(child => ({ prefixLen: child.end, members: preorder(child).flatMap(n => n.ending) }))
  return groups.filter(({ members }) => members.length > 1)
}

function enlarge(node: Node, child: Node): void {
  for (const grandchild of [...child.children]) {
    const gain = (grandchild.numPrompts - 1) * (grandchild.end - grandchild.start) - (child.end - child.start)
    if (gain > 0) {
      child.children = child.children.filter(each => each !== grandchild)
      child.numPrompts -= grandchild.numPrompts
      grandchild.start = child.start
      node.children.push(grandchild)
    }
    if (child.children.length === 1 && child.ending.length === 0) {
      const [last] = child.children
      child.source = last.source
      child.end = last.end
      child.children = last.children
      child.ending.push(...last.ending)
      return
    }
  }
}

function insert(root: Node, prompt: readonly number[], index: number): void {
  let node = root
  node.numPrompts++
  for (let at = 0; at < prompt.length; at = node.end) {
    const child = node.children.find(({ source }) => source[at] === prompt[at])
    node = child ? descend(child, prompt) : leaf(node, prompt, at)
    node.numPrompts++
  }
  node.ending.push(index)
}

/** The child, cut where the prompt leaves it. */
function descend(child: Node, prompt: readonly number[]): Node {
  let end = child.start
  while (end < child.end && child.source[end] === prompt[end]) end++
  if (end < child.end) {
    const lower = { ...child, start: end, ending: [...child.ending] }
    child.end = end
    child.children = [lower]
    child.ending.length = 0
  }
  return child
}

function leaf(parent: Node, source: readonly number[], start: number): Node {
  const node = { source, start, end: source.length, numPrompts: 0, children: [], ending: [] }
  parent.children.push(node)
  return node
}

/** The node and all below it, each before those below it. */
function preorder(root: Node): Node[] {
  const nodes: Node[] = []
  const stack = [root]
  for (let node = stack.pop(); node; node = stack.pop()) {
    nodes.push(node)
    for (const child of node.children) stack.push(child)
  }
  return nodes
}
