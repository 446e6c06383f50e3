// Texts for people: money, moments, states. Money is never computed here.

const day = { year: 'numeric', month: 'short', day: '2-digit' } as const
const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const
const formats = new Map<string, Intl.DateTimeFormat>()

function formatIn(timeZone: string, options: Intl.DateTimeFormatOptions, name: string): Intl.DateTimeFormat {
  const key = `${timeZone} ${name}`
  let format = formats.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', { ...options, timeZone })
    formats.set(key, format)
  }
  return format
}

/** A moment in a time zone: "29 Nov 2026, 09:14:54". */
export function momentIn(at: string, timeZone: string): string {
  return formatIn(timeZone, { ...day, ...clock }, 'moment').format(new Date(at))
}

/** The month of a moment: "November 2026". */
export function monthIn(at: Date, timeZone: string): string {
  return formatIn(timeZone, { month: 'long', year: 'numeric' }, 'month').format(at)
}

export function dayIn(at: string, timeZone: string): string {
  return formatIn(timeZone, day, 'day').format(new Date(at))
}

/** The moment at which the clocks of a time zone show a local time, such as "2026-11-29T09:30". */
export function instantOf(local: string, timeZone: string): string {
  const asUTC = Date.parse(`${local}Z`)
  const offsetAt = (moment: number) => {
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric',
      hour: 'numeric', minute: 'numeric', second: 'numeric',
    }).formatToParts(moment)
    const part = (type: string) => Number(parts.find((one) => one.type === type)?.value)
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) - moment
  }
  const guess = asUTC - offsetAt(asUTC)
  return new Date(asUTC - offsetAt(guess)).toISOString()
}

/** The same moment for a hover: "2026-11-29 09:14:54 UTC". */
export function momentUTC(at: string): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** A day of a time zone as the API writes it: "2026-11-29". */
export function dateIn(at: Date, timeZone: string): string {
  return new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone }).format(at)
}

/** A time span: "3 min", "2 h 5 min". */
export function span(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 === 0 || minutes >= 10 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} days`
}

/** An amount as the API gives it. */
export const money = (amount: string | null | undefined, none = 'no limit') =>
  amount === null || amount === undefined ? none : amount.startsWith('-') ? `−$${amount.slice(1)}` : `$${amount}`

/** A share for a bar, 0 to 1. Only pictures use it. */
export function share(part: string, whole: string | null | undefined): number {
  const [a, b] = [Number(part), Number(whole ?? 0)]
  return b > 0 ? Math.max(0, Math.min(1, a / b)) : 0
}

const abbreviations = new Set(['ICP', 'API', 'UTC', 'URL', 'SERP'])
const names: Record<string, string> = { DATAFORSEO: 'DataForSEO', WORDPRESS: 'WordPress' }

/** A constant as words: "ICP_PENDING" is "ICP pending". */
export function words(constant: string): string {
  const all = constant.split('_').map((word) => names[word] ?? (abbreviations.has(word) ? word : word.toLowerCase()))
  const [first = '', ...rest] = all
  return [first.charAt(0).toUpperCase() + first.slice(1), ...rest].join(' ')
}

/** The lines of a text that say something. */
export const linesOf = (text: string) => text.split('\n').map((line) => line.trim()).filter((line) => line !== '')

/** A number with its thousands apart. No line breaks within it. */
export const figure = (count: number) => count.toLocaleString('en-GB').replaceAll(',', '\u00a0')

export const plural = (count: number, one: string, many = `${one}s`) => `${figure(count)} ${count === 1 ? one : many}`
