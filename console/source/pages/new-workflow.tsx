// The form for a new workflow.
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { newKey, useAct, useRead, type UserError } from '../api/client'
import { useMay, useViewer } from '../api/viewer'
import { CreateWorkflowDocument, NewWorkflowForecastDocument, SetCompetitorsDocument, StartStepDocument } from '../gql/graphql'
import { money } from '../ui/format'
import { languageOf, modeLabels, placeOf } from './market-names'
import { Dialog, errorsElsewhere, Field } from '../ui/dialog'
import { say } from '../ui/toast'

type Form = { name: string; company: string; url: string; linkedin: string; competitors: string; limit: string; start: boolean }

const empty: Form = { name: '', company: '', url: '', linkedin: '', competitors: '', limit: '', start: true }
const fields = ['name', 'company.name', 'company.url', 'company.linkedinUrl', 'spendLimit', 'urls']

/** An address as people type it, as an absolute one. */
export const absolute = (text: string) => {
  const address = text.trim()
  return address === '' || /^[a-z]+:\/\//i.test(address) ? address : `https://${address}`
}

/** Domains or addresses, one a line or with commas between them. */
export const listOf = (text: string) => text.split(/[\s,;]+/).map((one) => one.trim()).filter((one) => one !== '')

export function missing(form: Form): string | null {
  if (form.company.trim() === '') return 'Name the company first.'
  if (form.url.trim() === '') return 'Name the company’s website first.'
  if (listOf(form.competitors).length > 5) return 'At most 5 competitors.'
  return null
}

export function NewWorkflowDialog({ onClose }: { onClose: () => void }) {
  const { organization } = useViewer()
  const [form, setForm] = useState(empty)
  const set = (change: Partial<Form>) => setForm((old) => ({ ...old, ...change }))
  const [errors, setErrors] = useState<UserError[]>([])
  const { submit, isBusy, problem } = useCreate(form, setErrors, onClose)
  const text = (name: keyof Form, type = 'text') => (props: object) => (
    <input {...props} type={type} value={String(form[name])} onChange={(event) => set({ [name]: event.target.value })} />
  )
  return (
    <Dialog title="New workflow" submit={form.start ? 'Create and start' : 'Create'} onClose={onClose} onSubmit={submit}
      isBusy={isBusy} reason={missing(form)} errors={errorsElsewhere(errors, ...fields)} problem={problem}>
      <Field label="Company" path="company.name" errors={errors}>{text('company')}</Field>
      <Field label="Website" path="company.url" errors={errors} hint="For example acme-robotics.example">{text('url', 'url')}</Field>
      <Field label="LinkedIn page (optional)" path="company.linkedinUrl" errors={errors}>{text('linkedin', 'url')}</Field>
      <Field label="Competitors (optional)" path="urls" errors={errors}
        hint="Up to 5 domains. Without any, a model proposes them.">
        {(props) => <textarea {...props} rows={2} value={form.competitors} onChange={(event) => set({ competitors: event.target.value })} />}
      </Field>
      <Field label="Name of the workflow" path="name" errors={errors} hint="The company’s name when empty.">{text('name')}</Field>
      <Field label="Limit in US dollars" path="spendLimit" errors={errors}
        hint={`The most that the workflow may spend. ${money(organization.workflowLimit, 'No limit')} when empty.`}>
        {text('limit')}
      </Field>
      <Buys limit={form.limit.trim()} />
      <label className="check">
        <input type="checkbox" checked={form.start} onChange={(event) => set({ start: event.target.checked })} /> Start at once
      </label>
    </Dialog>
  )
}

const isAmount = (text: string) => /^\d{1,9}(\.\d{1,12})?$/.test(text)

/** What the limit buys in the organization's market, from a moment after the person has written it. */
function Buys({ limit }: { limit: string }) {
  const settled = useSettled(limit)
  const isAsked = settled === '' || isAmount(settled)
  const read = useRead(NewWorkflowForecastDocument, { limit: settled || null }, { skip: !isAsked })
  const market = read.data?.viewer.organization.market
  // An answer for another limit would be wrong.
  const found = isAsked && settled === limit && !read.isReading && !read.problem ? read.data?.newWorkflowForecast : undefined
  return (
    <div className="buys" aria-busy={isAsked && found === undefined && !read.problem}>
      {found && <p className={found.guaranteed === 0 ? 'note warn' : 'hint'} role="status">{found.guaranteed === 0 && '⚠ '}{found.sentence}</p>}
      {!found && isAsked && !read.problem && <div className="bone" />}
      {read.problem && isAsked && <p className="hint" role="status">There is no forecast now: {read.problem.message}</p>}
      {market && <p className="hint">{`Market: ${placeOf(market.locationCode)}, ${languageOf(market.languageCode)}. Keywords come from: ${modeLabels[market.mode]}. The organization’s page has this setting.`}</p>}
    </div>
  )
}

/** A value that has not changed for a moment. */
function useSettled<T>(value: T, pause = 300): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pause)
    return () => clearTimeout(timer)
  }, [value, pause])
  return settled
}

/** Creates the workflow, names its competitors and starts it. What is done stays done when a later part fails. */
function useCreate(form: Form, setErrors: (errors: UserError[]) => void, onClose: () => void) {
  const navigate = useNavigate()
  const may = useMay()
  const create = useAct(CreateWorkflowDocument)
  const name = useAct(SetCompetitorsDocument)
  const start = useAct(StartStepDocument)
  const [key] = useState(newKey)
  const [attempt, setAttempt] = useState(0)
  const actors = may('ACTORS')
  const submit = async () => {
    const made = await create.run({
      actors,
      input: {
        name: form.name.trim() || form.company.trim(), idempotencyKey: `${key}-${attempt}`,
        company: { name: form.company.trim(), url: absolute(form.url), linkedinUrl: absolute(form.linkedin) || null },
        spendLimit: form.limit.trim() || null,
      },
    })
    setErrors(made.userErrors)
    if (made.userErrors.length > 0) setAttempt(attempt + 1) // Without an answer the same request is sent again, which is carried out once.
    const workflow = made.payload?.workflow
    if (!workflow) return
    const urls = listOf(form.competitors)
    if (urls.length > 0) {
      const named = await name.run({ input: { workflowId: workflow.id, urls } })
      if (named.userErrors[0]) say(`The competitors were not saved: ${named.userErrors[0].message}`)
    }
    if (form.start) {
      const started = await start.run({ input: { workflowId: workflow.id }, actors })
      const why = started.problem?.message ?? started.userErrors[0]?.message
      if (why) say(`The workflow was created but not started: ${why}`)
    }
    onClose()
    await navigate({ to: '/workflows/$id', params: { id: workflow.id } })
  }
  return { submit, isBusy: create.isBusy || name.isBusy || start.isBusy, problem: create.last?.problem ?? null }
}
