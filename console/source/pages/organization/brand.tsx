// How articles sound.
import { useState } from 'react'
import { newKey, useAct } from '../../api/client'
import { denied, useMay, useViewer } from '../../api/viewer'
import { SetBrandDocument, type BrandVoiceFragment } from '../../gql/graphql'
import { Button } from '../../ui/basic'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { linesOf, plural } from '../../ui/format'
import { ReasonField } from '../../ui/reason'
import { say } from '../../ui/toast'
import { Card } from './card'

export function Brand({ brand, again }: { brand: BrandVoiceFragment; again: () => void }) {
  const { role } = useViewer()
  const may = useMay()
  const [isOpen, setOpen] = useState(false)
  const rules = brand.do.length + brand.dont.length
  return (
    <Card title="Brand voice" actions={(
      <Button aria-label="Change the brand voice" reason={may('SETTINGS') ? null : denied(role, 'SETTINGS')}
        onClick={() => setOpen(true)}>Change</Button>
    )}>
      {typeof brand.version !== 'number'
        ? <p>None yet: articles have a neutral voice.</p>
        : (
          <>
            <p><strong>{brand.tone || 'No tone'}</strong>{brand.audience && <> for {brand.audience}</>}</p>
            <p className="sub">{plural(rules, 'rule')}, {plural(brand.bannedWords.length, 'banned word')}. Version {brand.version}.</p>
          </>
        )}
      {isOpen && <BrandDialog brand={brand} onClose={() => { setOpen(false); again() }} />}
    </Card>
  )
}

const fields = ['tone', 'audience', 'do', 'dont', 'bannedWords', 'examples']

function BrandDialog({ brand, onClose }: { brand: BrandVoiceFragment; onClose: () => void }) {
  const [form, setForm] = useState({
    tone: brand.tone, audience: brand.audience, do: brand.do.join('\n'), dont: brand.dont.join('\n'),
    bannedWords: brand.bannedWords.join('\n'), examples: brand.examples, reason: '',
  })
  const act = useAct(SetBrandDocument)
  const errors = (act.last?.userErrors ?? []).map((error) => ({ ...error, field: error.field?.slice(0, 1) }))
  const submit = async () => {
    const { payload } = await act.run({
      input: {
        tone: form.tone.trim(), audience: form.audience.trim(), do: linesOf(form.do), dont: linesOf(form.dont),
        bannedWords: linesOf(form.bannedWords), examples: form.examples.trim(), reason: form.reason.trim() || null,
        idempotencyKey: newKey(),
      },
    })
    if (!payload?.brand) return
    say('The brand voice is set.')
    onClose()
  }
  const field = (name: keyof typeof form, label: string, rows = 0, hint?: string) => (
    <Field label={label} path={name} errors={errors} hint={hint}>
      {(props) => (rows > 0
        ? <textarea {...props} rows={rows} value={form[name]} onChange={(event) => setForm({ ...form, [name]: event.target.value })} />
        : <input {...props} maxLength={500} value={form[name]} onChange={(event) => setForm({ ...form, [name]: event.target.value })} />)}
    </Field>
  )
  return (
    <Dialog title="Brand voice" submit="Set brand voice" onClose={onClose} onSubmit={submit} isBusy={act.isBusy}
      errors={errorsElsewhere(errors, ...fields)} problem={act.last?.problem}>
      <p>It counts for every article that is begun from then on. Written articles stay as they are.</p>
      {field('tone', 'Tone', 0, 'Such as plain and friendly')}
      {field('audience', 'Readers', 0, 'Such as owners of small workshops')}
      {field('do', 'Rules to follow, one a line', 2)}
      {field('dont', 'Things to avoid, one a line', 2)}
      {field('bannedWords', 'Banned words, one a line', 2, 'An article with one of them needs a person’s decision.')}
      {field('examples', 'Sentences in this voice', 3)}
      <ReasonField label="Reason" value={form.reason} onChange={(reason) => setForm({ ...form, reason })} />
    </Dialog>
  )
}
