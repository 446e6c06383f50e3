// The reasons of a verdict, as people read them.
import { words } from '../../ui/format'

const elsewhere = 'an article of another workflow'

/** The reasons without their constants. Several articles of other workflows are one reason. */
export function reasonsOf(reasons: string[], names: ReadonlyMap<string, string>): string[] {
  const counts = new Map<string, number>()
  for (const reason of reasons.map((one) => reasonOf(one, names))) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts].map(([reason, count]) => (count === 1 ? reason : reason.replace(elsewhere, `${count} articles of other workflows`)))
}

/** A reason without its constants: "CANNIBALISES art_1" names the article that it means. */
export function reasonOf(reason: string, names: ReadonlyMap<string, string>): string {
  return reason
    .replace(/^[A-Z][A-Z_]+(?=[ :]|$)/, words)
    .replace(/art_[0-9a-f-]{36}/g, (id) => (names.has(id) ? `“${names.get(id)}”` : elsewhere))
    .replace(/^(.*) 1 keyword\(s\)/, '$1 1 keyword').replace('keyword(s)', 'keywords')
}
