export function readPriceSearch(raw: Record<string, unknown>): { model?: string; after?: string } {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value.slice(0, 1000) : undefined)
  return { model: text(raw.model), after: text(raw.after) }
}
