// Which texts an approver has chosen. A choice is about one revision: a text that changes is not chosen any more.
import type { Flow } from '../articles/list'

type Written = Pick<Flow['articles']['nodes'][number], 'id' | 'revision' | 'needsReview' | 'decision'>

/** The chosen articles, each with the revision that the page showed. */
export type Chosen = ReadonlyMap<string, number>

/** Whether an article is proposed: its current text was approved, or no person must decide about it. */
export function isProposed({ needsReview, revision, decision }: Omit<Written, 'id'>): boolean {
  const verdict = decision?.revision === revision ? decision.verdict : null
  return verdict === 'APPROVED' || (verdict === null && !needsReview)
}

export const proposed = (all: readonly Written[]): Chosen =>
  new Map(all.filter(isProposed).map(({ id, revision }) => [id, revision]))

/** The articles whose text is the chosen one. */
export const stillChosen = <One extends Written>(chosen: Chosen, all: readonly One[]): One[] =>
  all.filter(({ id, revision }) => chosen.get(id) === revision)

/** The articles whose text has changed since it was chosen. */
export const changedSince = <One extends Written>(chosen: Chosen, all: readonly One[]): One[] =>
  all.filter(({ id, revision }) => chosen.has(id) && chosen.get(id) !== revision)

/** The choice after a click: an article in its present text, or without it. */
export function choose(chosen: Chosen, { id, revision }: Pick<Written, 'id' | 'revision'>, isOn: boolean): Chosen {
  const next = new Map(chosen)
  if (isOn) next.set(id, revision)
  else next.delete(id)
  return next
}
