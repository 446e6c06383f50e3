// Where and how keywords are found.
import { useState } from 'react'
import { newKey, useAct } from '../../api/client'
import { denied, useMay, useViewer } from '../../api/viewer'
import { SetMarketDocument, type AnalysisMode, type OrganizationQuery } from '../../gql/graphql'
import { Button } from '../../ui/basic'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { linesOf, words } from '../../ui/format'
import { ReasonField } from '../../ui/reason'
import { say } from '../../ui/toast'
import { languageOf, modeLabels, modes, placeOf, places } from '../market-names'
import { Card } from './card'

type Values = OrganizationQuery['viewer']['organization']['market']

export function Market({ market, again }: { market: Values; again: () => void }) {
  const { role } = useViewer()
  const may = useMay()
  const [isOpen, setOpen] = useState(false)
  return (
    <Card title="Market" actions={(
      <Button aria-label="Change the market" reason={may('SETTINGS') ? null : denied(role, 'SETTINGS')}
        onClick={() => setOpen(true)}>Change</Button>
    )}>
      <p><strong>{placeOf(market.locationCode)}, {languageOf(market.languageCode)}</strong></p>
      <p className="sub">Keywords come from: {modeLabels[market.mode] ?? words(market.mode)}.</p>
      {market.negativeWords.length > 0 && <p className="sub">No keyword has: {market.negativeWords.join(', ')}.</p>}
      {isOpen && <MarketDialog market={market} onClose={() => { setOpen(false); again() }} />}
    </Card>
  )
}

function MarketDialog({ market, onClose }: { market: Values; onClose: () => void }) {
  const [form, setForm] = useState({
    locationCode: String(market.locationCode), languageCode: market.languageCode, mode: market.mode,
    negativeWords: market.negativeWords.join('\n'), reason: '',
  })
  const set = (change: Partial<typeof form>) => setForm({ ...form, ...change })
  const act = useAct(SetMarketDocument)
  const errors = (act.last?.userErrors ?? []).map((error) => ({ ...error, field: error.field?.slice(0, 1) }))
  const code = Number(form.locationCode)
  const submit = async () => {
    const { payload } = await act.run({
      input: {
        locationCode: code, languageCode: form.languageCode.trim(), mode: form.mode,
        negativeWords: linesOf(form.negativeWords), reason: form.reason.trim() || null, idempotencyKey: newKey(),
      },
    })
    if (!payload?.market) return
    say('The market is set.')
    onClose()
  }
  return (
    <Dialog title="Market" submit="Set market" onClose={onClose} onSubmit={submit} isBusy={act.isBusy}
      reason={Number.isInteger(code) && code > 0 ? null : 'Write the number of the place first.'}
      errors={errorsElsewhere(errors, 'locationCode', 'languageCode', 'mode', 'negativeWords')} problem={act.last?.problem}>
      <p>The change counts for every analysis that begins from then on.</p>
      <Field label="Place of the searches" path="locationCode" errors={errors} hint={`${placeOf(code)}. The number is that of DataForSEO and Google Ads.`}>
        {(props) => (
          <>
            <input {...props} inputMode="numeric" list={`${props.id}-places`} value={form.locationCode} onChange={(event) => set({ locationCode: event.target.value })} />
            <datalist id={`${props.id}-places`}>{places.map(([one, name]) => <option key={one} value={one}>{name}</option>)}</datalist>
          </>
        )}
      </Field>
      <Field label="Language" path="languageCode" errors={errors} hint="Such as en or zh-TW">
        {(props) => <input {...props} value={form.languageCode} onChange={(event) => set({ languageCode: event.target.value })} />}
      </Field>
      <Field label="Keywords come from" path="mode" errors={errors}>
        {(props) => (
          <select {...props} value={form.mode} onChange={(event) => set({ mode: event.target.value as AnalysisMode })}>
            {modes.map((mode) => <option key={mode} value={mode}>{modeLabels[mode]}</option>)}
          </select>
        )}
      </Field>
      <Field label="Words that no keyword may have, one text a line" path="negativeWords" errors={errors}>
        {(props) => <textarea {...props} rows={3} value={form.negativeWords} onChange={(event) => set({ negativeWords: event.target.value })} />}
      </Field>
      <ReasonField label="Reason" value={form.reason} onChange={(reason) => set({ reason })} />
    </Dialog>
  )
}
