// The differences that another person made, as sentences.
import { words } from '../ui/format'

type Selected = { id: string; text: string; decidedBy?: string | null }
const by = (actor: string | null | undefined) => (actor ? ` by ${actor}` : '')

/** What changed in a selection of keywords. */
export function selectionChanges(before: Selected[], after: Selected[]): string[] {
  const [old, now] = [new Set(before.map((one) => one.id)), new Set(after.map((one) => one.id))]
  return [
    ...after.filter((one) => !old.has(one.id)).map((one) => `“${one.text}” was selected${by(one.decidedBy)}.`),
    ...before.filter((one) => !now.has(one.id)).map((one) => `“${one.text}” is no longer selected.`),
  ]
}

type Planned = {
  id: string; revision: number; actor?: string | null; choice?: string | null; decidedBy?: string | null
  brief?: { title: string } | null; page: { primaryKeyword: { text: string } }
}

/** What changed in an article plan. */
export function planChanges(before: Planned[], after: Planned[]): string[] {
  const old = new Map(before.map((one) => [one.id, one]))
  const lines: string[] = []
  for (const now of after) {
    const then = old.get(now.id)
    const name = `“${now.brief?.title ?? now.page.primaryKeyword.text}”`
    if (!then) lines.push(`${name} is new in the plan.`)
    else {
      if ((then.choice ?? null) !== (now.choice ?? null)) {
        lines.push(now.choice ? `${name} was ${words(now.choice).toLowerCase()}${by(now.decidedBy)}.` : `The decision about ${name} was taken back.`)
      }
      if (then.revision !== now.revision) lines.push(`The brief of ${name} was changed${by(now.actor)}: it has revision ${now.revision}.`)
    }
  }
  const left = new Set(after.map((one) => one.id))
  for (const one of before) if (!left.has(one.id)) lines.push(`“${one.brief?.title ?? one.page.primaryKeyword.text}” left the plan.`)
  return lines
}

/** The fields of a form that differ from those it began with. */
export function changedFields<Form extends Record<string, string>>(before: Form, after: Form): (keyof Form)[] {
  return (Object.keys(after) as (keyof Form)[]).filter((name) => before[name]?.trim() !== after[name]?.trim())
}
