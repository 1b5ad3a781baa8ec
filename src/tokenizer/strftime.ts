/** The part of C's `strftime` that dates in prompts need, in local time and, whatever the browser speaks, English. */
export function strftime(date: Date, format: string): string {
  const name = (options: Intl.DateTimeFormatOptions) => date.toLocaleDateString('en-US', options)
  const two = (value: number) => String(value).padStart(2, '0')
  const fields: Readonly<Record<string, () => string>> = {
    Y: () => String(date.getFullYear()),
    y: () => two(date.getFullYear() % 100),
    m: () => two(date.getMonth() + 1),
    d: () => two(date.getDate()),
    H: () => two(date.getHours()),
    M: () => two(date.getMinutes()),
    S: () => two(date.getSeconds()),
    B: () => name({ month: 'long' }),
    b: () => name({ month: 'short' }),
    A: () => name({ weekday: 'long' }),
    a: () => name({ weekday: 'short' }),
    '%': () => '%',
  }
  return format.replace(/%(.)/g, (directive, letter: string) => {
    const field = fields[letter]
    if (!field) throw new Error(`strftime_now does not know ${directive}`)
    return field()
  })
}
