// What the addresses of the article pages have.
export const parts = ['text', 'sources', 'checks', 'versions', 'cost'] as const
export type Part = (typeof parts)[number]
export const shows = ['review', 'writing', 'done', 'failed'] as const
export type Show = (typeof shows)[number]

export function readArticleSearch(raw: Record<string, unknown>): { part?: Part; from?: number; to?: number } {
  const revision = (value: unknown) => (typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined)
  return { part: parts.find((part) => part === raw.part), from: revision(raw.from), to: revision(raw.to) }
}

export function readArticlesSearch(raw: Record<string, unknown>): { show?: Show } {
  return { show: shows.find((show) => show === raw.show) }
}
