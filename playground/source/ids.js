// The ids of the answers. The examples use the last one of each kind in the place of a placeholder.

/** Each placeholder of the examples, with the ids that it stands for, and where they come from. */
const kinds = {
  workflow: ['wf', 'create one first'], call: ['call', 'reserve one first'], article: ['art', 'read the article plan first'],
  batch: ['batch', 'order one first'], target: ['target', 'create one first'], publication: ['pub', 'publish articles first'],
  proposal: ['prop', 'import a price first'], entry: ['led', 'read the ledger first'], 'api key': ['key', 'create one first'],
  'topic keyword': ['tkw', 'read the topics first'],
}
const forms = { led: '[0-9a-f-]{36}_[0-9]+' } // an entry has the id of its account and a number

const last = {}

/** Sets the id of the workflow that a link names. */
export function open(workflow) { last.workflow = workflow }

/** Keeps the ids of an answer. A list of several of a kind does not take the place of the one that a person works on. */
export function learn(answer) {
  const text = JSON.stringify(answer)
  for (const [kind, [prefix]] of Object.entries(kinds)) {
    const found = new Set(text.match(new RegExp(`\\b${prefix}_${forms[prefix] ?? '[0-9a-f-]{36}'}\\b`, 'g')))
    if (found.size === 1 || (found.size > 1 && !found.has(last[kind]) && (kind !== 'workflow' || !last.workflow))) {
      last[kind] = [...found][0]
    }
  }
  last.digest = text.match(/"(?:digest|selectionDigest)":"([0-9a-f]{64})"/)?.[1] ?? last.digest
}

/** Fills the placeholders of an example with the ids. */
export function withIds(variables) {
  const filled = Object.entries(kinds).reduce((text, [kind, [prefix, how]]) =>
    text.replaceAll(`<${kind}>`, () => last[kind] ?? `${prefix}_… (${how})`), variables)
  return filled.replaceAll('<digest>', () => last.digest ?? '… (read it first)')
}
