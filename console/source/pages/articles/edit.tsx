// A person's own text of an article. It stays in the tab until it is saved or thrown away, also over a reload.
import { useEffect, useState } from 'react'
import { newKey, useAct } from '../../api/client'
import { useActors } from '../../api/viewer'
import { UpdateArticleDocument } from '../../gql/graphql'
import { Button, Moment, ProblemNote } from '../../ui/basic'
import { errorsElsewhere, Field } from '../../ui/dialog'
import { ReasonField } from '../../ui/reason'
import { Now } from '../../ui/now'
import { say } from '../../ui/toast'
import { Difference } from './difference'
import type { Article } from './page'

type Draft = { base: number; title: string; metaDescription: string; markdown: string; reason: string }

const keyOf = (article: Article) => `infin8.draft.${article.id}`
const fresh = ({ revision, title, metaDescription, markdown }: Article): Draft =>
  ({ base: revision, title, metaDescription, markdown, reason: '' })

/** The draft that this tab has kept; null for none. */
export function keptDraft(article: Article): Draft | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(keyOf(article)) ?? 'null') as Partial<Draft> | null
    return kept && typeof kept.markdown === 'string' && typeof kept.base === 'number' ? { ...fresh(article), ...kept } : null
  } catch {
    return null
  }
}

type EditProps = { article: Article; again: () => void; onClose: () => void; hasFocus: boolean }

export function Edit({ article, again, onClose, hasFocus }: EditProps) {
  const [draft, setDraft] = useState<Draft>(() => keptDraft(article) ?? fresh(article))
  const act = useAct(UpdateArticleDocument)
  const actors = useActors()
  const set = (change: Partial<Draft>) => setDraft((old) => ({ ...old, ...change }))
  useEffect(() => sessionStorage.setItem(keyOf(article), JSON.stringify(draft)), [article, draft])
  const close = () => {
    sessionStorage.removeItem(keyOf(article))
    onClose()
  }
  const save = async () => {
    const { payload } = await act.run({
      actors,
      input: {
        articleId: article.id, expectedRevision: draft.base, title: draft.title.trim(), metaDescription: draft.metaDescription.trim(),
        markdown: draft.markdown, reason: draft.reason.trim() || null, idempotencyKey: newKey(),
      },
    })
    if (!payload?.article) return again()
    say(`Revision ${payload.article.revision} is yours.`)
    again()
    close()
  }
  const errors = act.last?.userErrors ?? []
  const isBehind = article.revision !== draft.base
  const reason = draft.title.trim() === '' ? 'Write a title first.' : isBehind ? 'Look at the newer text first.' : null
  return (
    <section className="card" aria-label="Your text">
      <h2>Your text</h2>
      {isBehind && <Behind article={article} draft={draft} onTake={() => set({ base: article.revision })} />}
      <Field label="Title" path="title" errors={errors}>
        {(props) => <input {...props} autoFocus={hasFocus} maxLength={200} value={draft.title} onChange={(event) => set({ title: event.target.value })} />}
      </Field>
      <Field label="Summary" path="metaDescription" errors={errors} hint="For search engines, up to 400 characters.">
        {(props) => <textarea {...props} rows={2} maxLength={400} value={draft.metaDescription} onChange={(event) => set({ metaDescription: event.target.value })} />}
      </Field>
      <Field label="Text in Markdown" path="markdown" errors={errors} hint="Headings begin with ##. [E3] cites the source E3.">
        {(props) => <textarea {...props} className="markdown" rows={24} spellCheck value={draft.markdown} onChange={(event) => set({ markdown: event.target.value })} />}
      </Field>
      <ReasonField label="Reason" value={draft.reason} onChange={(text) => set({ reason: text })} />
      {errorsElsewhere(errors, 'title', 'metaDescription', 'markdown').filter((error) => error.code !== 'REVISION_CONFLICT')
        .map((error) => <div key={error.message} className="field-error" role="alert"><p>⚠ {error.message}</p><Now error={error} /></div>)}
      {act.last?.problem && <ProblemNote problem={act.last.problem} />}
      <div className="buttons">
        <Button kind="primary" isBusy={act.isBusy} reason={reason} onClick={() => void save()}>Save as revision {article.revision + 1}</Button>
        <Button onClick={close}>Throw my changes away</Button>
      </div>
    </section>
  )
}

/** Another text came while the person wrote. Nothing of either is lost: the difference shows what a saving would change. */
function Behind({ article, draft, onTake }: { article: Article; draft: Draft; onTake: () => void }) {
  const last = article.last.nodes.at(-1)
  return (
    <div className="note warn" role="alert">
      <p className="note-title">◉ Revision {article.revision} came while you wrote</p>
      {last && (
        <p>{last.author === 'PERSON' ? last.actor ?? 'Another person' : 'The engine'} wrote it: <Moment at={last.createdAt} />.</p>
      )}
      <p>You began with revision {draft.base}. Your text is kept. This is what yours changes in the newer one
        {article.decision && <>, which was judged on <Moment at={article.decision.decidedAt} /></>}:</p>
      <Difference before={article} after={draft} />
      <Button onClick={onTake}>Go on with my text, as a change of revision {article.revision}</Button>
    </div>
  )
}
