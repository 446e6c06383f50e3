// For auditors: exports of the journals and the records, and how to check them without this page.
import { useState } from 'react'
import { session } from '../../api/session'
import { denied, useMay, useViewer } from '../../api/viewer'
import { Button, PageTitle } from '../../ui/basic'
import { save } from '../../ui/csv'
import { Journals } from './journals'
import { Verification } from './verification'

export function AuditPage() {
  return (
    <>
      <PageTitle title="Audit" />
      <Verification />
      <Exports />
      <Journals />
      <section className="card spaced">
        <h2>Check it yourself</h2>
        <p>Each workflow’s page has “Verify this chain”, which recomputes the hashes in this browser. Whole exports can be checked with Python alone:</p>
        <pre tabIndex={0}><code>cat records.ndjson ledger.ndjson | python3 docs/recompute.py --part</code></pre>
      </section>
    </>
  )
}

/** Downloads a file that needs the token. A cut file is an error, not a short file. */
async function download(name: string, from: string, to: string): Promise<void> {
  const query = new URLSearchParams({ ...(from && { from }), ...(to && { to }) }).toString()
  const response = await fetch(`/export/${name}${query ? `?${query}` : ''}`, {
    credentials: 'omit', headers: { Authorization: `Bearer ${session.get()?.token ?? ''}` },
  })
  if (!response.ok) {
    const answer = (await response.json().catch(() => null)) as { errors?: { message: string }[] } | null
    throw new Error(answer?.errors?.[0]?.message ?? `The server answered ${response.status}.`)
  }
  save(name, await response.blob())
}

function Exports() {
  const { role, organization } = useViewer()
  const may = useMay()
  const [range, setRange] = useState({ from: '', to: '' })
  const [busy, setBusy] = useState('')
  const [problem, setProblem] = useState('')
  const right = may('EXPORT') ? null : denied(role, 'EXPORT')
  const begin = (name: string) => {
    setBusy(name)
    setProblem('')
    download(name, range.from, range.to).catch((cause: Error) => setProblem(cause.message)).finally(() => setBusy(''))
  }
  return (
    <section className="card spaced" aria-labelledby="exports">
      <h2 id="exports">Exports</h2>
      <p>Every row, those of the journals with their hashes, in the days of {organization.timeZone}. Without days: all rows up to now.</p>
      <form className="filters spaced" onSubmit={(event) => event.preventDefault()}>
        <label>From<input type="date" value={range.from} onChange={(event) => setRange({ ...range, from: event.target.value })} /></label>
        <label>Until, not included<input type="date" value={range.to} onChange={(event) => setRange({ ...range, to: event.target.value })} /></label>
      </form>
      <div className="buttons">
        {['journal.csv', 'journal.ndjson', 'ledger.csv', 'ledger.ndjson', 'records.csv', 'records.ndjson'].map((name) => (
          <Button key={name} reason={right ?? (busy && busy !== name ? 'An export is running.' : null)} isBusy={busy === name}
            onClick={() => begin(name)}>{name}</Button>
        ))}
      </div>
      {problem && <p className="note bad" role="alert">⚠ {problem}</p>}
    </section>
  )
}
