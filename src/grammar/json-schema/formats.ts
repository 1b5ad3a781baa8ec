/** Each month's days; the last two lines are the 29th of February of leap years. */
const DATE = [
  '\\d{4}-(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])',
  '\\d{4}-(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)',
  '\\d{4}-02-(?:0[1-9]|1\\d|2[0-8])',
  '\\d{2}(?:0[48]|[2468][048]|[13579][26])-02-29',
  '(?:[02468][048]|[13579][26])00-02-29',
].join('|')
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)'

const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = `(?:${BYTE}\\.){3}${BYTE}`
const WORD = '[0-9a-fA-F]{1,4}'
const LAST_WORDS = `(?:${WORD}:${WORD}|${IPV4})`
/** RFC 3986, IPv6address. */
const IPV6 = [
  `(?:${WORD}:){6}${LAST_WORDS}`,
  `::(?:${WORD}:){5}${LAST_WORDS}`,
  ...[4, 3, 2, 1, 0].map(
    (after, before) => `(?:(?:${WORD}:){0,${before}}${WORD})?::(?:${WORD}:){${after}}${LAST_WORDS}`,
  ),
  `(?:(?:${WORD}:){0,5}${WORD})?::${WORD}`,
  `(?:(?:${WORD}:){0,6}${WORD})?::`,
].join('|')

const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
const DOMAIN_LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?'

const URI_CHARS = "(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*"
const QUERY_CHARS = "(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*"

/**
 * The formats as regular expressions of whole strings. Each is valid to its standard; of what a standard leaves open the plain
 * form is taken: times without leap seconds, URIs with an authority.
 */
export const FORMATS: Readonly<Record<string, string>> = {
  date: DATE,
  time: TIME,
  'date-time': `(?:${DATE})T${TIME}`,
  duration: durations(),
  email: `${ATOM}(?:\\.${ATOM})*@(?:${DOMAIN_LABEL}\\.)+${DOMAIN_LABEL}`,
  hostname: `${LABEL}(?:\\.${LABEL}){0,3}`,
  ipv4: IPV4,
  ipv6: IPV6,
  uri: `[A-Za-z][A-Za-z0-9+.-]*://${LABEL}(?:\\.${LABEL})*(?::\\d{1,4})?(?:/${URI_CHARS})?(?:\\?${QUERY_CHARS})?(?:#${QUERY_CHARS})?`,
  uuid: '[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}',
}

/** At least one part, in order: years, months, days, and after T hours, minutes, seconds; or weeks. */
function durations(): string {
  const parts = (units: string) => {
    return [...units].map(
      (unit, at) => `\\d+${unit}${[...units.slice(at + 1)].map(each => `(?:\\d+${each})?`).join('')}`,
    )
  }
  const time = `T(?:${parts('HMS').join('|')})`
  return `P(?:(?:${parts('YMD').join('|')})(?:${time})?|${time}|\\d+W)`
}
