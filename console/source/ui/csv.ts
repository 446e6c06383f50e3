// A table as CSV, for spreadsheets.

/** One field: quoted where it must be. A spreadsheet would run a text that begins like a formula; such a text gets an
 * apostrophe, as in the engine's exports. */
export function csvField(value: string | number | null | undefined): string {
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r']/.test(value ?? '') ? `'${value}` : value ?? ''
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export const csvOf = (rows: (string | number | null | undefined)[][]) =>
  rows.map((row) => `${row.map(csvField).join(',')}\r\n`).join('')

/** Gives a file to the person. */
export function save(name: string, content: Blob) {
  const address = URL.createObjectURL(content)
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
