/** @throws an error that names `what` and what it takes */
export function oneOf<const T extends string>(what: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find(each => each === value)
  if (found === undefined) throw new Error(`${what} is ${value}, but must be one of ${allowed.join(', ')}.`)
  return found
}

/** @throws an error that names `what` and what it takes */
export function count(what: string, value: string, least = 1): number {
  if (/^\d{1,9}$/.test(value) && Number(value) >= least) return Number(value)
  throw new Error(`${what} is ${value}, but must be a whole number of at least ${least}.`)
}

/** @throws an error that names `what` and what it takes */
export function decimal(what: string, value: string): number {
  if (/^\d{1,9}(\.\d{1,9})?$/.test(value) && Number(value) > 0) return Number(value)
  throw new Error(`${what} is ${value}, but must be a number above 0, such as 0.5.`)
}

/** `a, b` as a and b. */
export function list(value: string): string[] {
  return value.split(',').map(each => each.trim())
}

/** The command that `args` ask for; or the exit code, if they ask for help or are wrong. */
export function commandOf<T extends object>(args: string[], usage: string, parse: (args: string[]) => T): T | 0 | 2 {
  if (args.includes('--help')) {
    console.log(usage)
    return 0
  }
  try {
    return parse(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return 2
  }
}
