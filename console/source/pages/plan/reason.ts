// The reasons of a verdict, as people read them.
import { words } from '../../ui/format'

/** A reason without its constants: "CANNIBALISES art_1" names the article that it means. */
export function reasonOf(reason: string, names: ReadonlyMap<string, string>): string {
  return reason
    .replace(/^[A-Z][A-Z_]+(?=[ :]|$)/, words)
    .replace(/art_[0-9a-f-]{36}/g, (id) => (names.has(id) ? `“${names.get(id)}”` : `an article of another workflow, ${id}`))
    .replace(/^(.*) 1 keyword\(s\)/, '$1 1 keyword').replace('keyword(s)', 'keywords')
}
