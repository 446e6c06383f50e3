// The prices in force, and the ones in quarantine.
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { newKey, useAct, useRead } from '../../api/client'
import { denied, useMay, useViewer } from '../../api/viewer'
import { AcceptPriceDocument, PriceProposalsDocument, PricesDocument, RejectPriceDocument, type ProposalRowFragment } from '../../gql/graphql'
import { Button, Empty, Loaded, Moment, Money, PageTitle } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { money, words } from '../../ui/format'
import { LateInput } from '../../ui/late-input'
import { searchId } from '../../ui/keys'
import { nextOf, Pager } from '../../ui/pager'
import { usePlace } from '../../ui/place'
import { Rows, type Column } from '../../ui/table'
import { say } from '../../ui/toast'

export type PriceSearch = { model?: string; after?: string }

export function PricesPage() {
  const { model, after } = useSearch({ from: '/prices' })
  const navigate = useNavigate({ from: '/prices' })
  const may = useMay()
  const read = useRead(PricesDocument, { models: model ? [model] : null, first: 50, after }, { keep: true })
  const change = (search: PriceSearch, replace = false) =>
    navigate({ replace, resetScroll: false, search: (old) => ({ ...old, after: undefined, ...search }) })
  return (
    <>
      <PageTitle title="Prices" />
      {may('CALLS') && <Quarantine />}
      <h2 className="spaced">In force</h2>
      <p className="sub">In US dollars for one token, search, item or request. “From tokens” is the length of the prompt from which a price counts.</p>
      <form className="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <LateInput id={searchId} label="Model" value={model} onChange={(text) => change({ model: text }, true)} />
      </form>
      <Loaded read={read}>
        {({ prices }) => (prices.nodes.length === 0
          ? <Empty title={model ? 'No price of this model' : 'There is no price'}><p>A model without a price cannot be called.</p></Empty>
          : (
            <>
              <Rows caption="Prices in force" columns={priceColumns} lines={prices.nodes.map((price) => ({
                key: `${price.model} ${price.component} ${price.minPromptTokens} ${price.isOwn}`,
                cells: [
                  price.model, words(price.component), <Money amount={price.amount} />, price.minPromptTokens,
                  <Badge tone={price.isOwn ? 'active' : 'neutral'}>{price.isOwn ? 'own' : 'operator'}</Badge>, <Moment at={price.validFrom} />, price.source,
                ],
              }))} />
              <Pager after={after} next={nextOf(prices.pageInfo)} onPage={(next) => change({ after: next })} />
            </>
          ))}
      </Loaded>
    </>
  )
}

const priceColumns: Column[] = [
  { label: 'Model', isHead: true }, { label: 'Component' }, { label: 'Price', isRight: true }, { label: 'From tokens', isRight: true },
  { label: 'List' }, { label: 'Since' }, { label: 'Source', isText: true },
]

function Quarantine() {
  const [after, setAfter] = usePlace('quarantine')
  const read = useRead(PriceProposalsDocument, { states: null, first: 20, after }, { keep: true })
  return (
    <Loaded read={read} rows={2}>
      {({ priceProposals: { nodes, pageInfo } }) => (nodes.length === 0 && !after ? null : (
        <section aria-label="Quarantine">
          <h2>Quarantine</h2>
          <ul className="feed">{nodes.map((one) => <Proposal key={one.id} proposal={one} again={read.again} />)}</ul>
          <Pager after={after} next={nextOf(pageInfo)} onPage={setAfter} />
        </section>
      ))}
    </Loaded>
  )
}

/** How many times the new price is the old one, for people to read. */
export function factorOf(amount: string, previous: string | null | undefined): string {
  const [a, b] = [Number(amount), Number(previous ?? 0)]
  return b > 0 ? `${(a / b).toLocaleString('en-GB', { maximumSignificantDigits: 3 })} ×` : 'no earlier price'
}

function Proposal({ proposal, again }: { proposal: ProposalRowFragment; again: () => void }) {
  const { role } = useViewer()
  const may = useMay()
  const [open, setOpen] = useState<'accept' | 'reject' | null>(null)
  const right = may('PRICES') ? null : denied(role, 'PRICES')
  const state = proposal.state === 'PENDING' ? null : `It is ${words(proposal.state).toLowerCase()} already.`
  return (
    <li className="card" data-row={proposal.id}>
      <p><Badge tone={proposal.state === 'PENDING' ? 'warn' : 'neutral'}>{words(proposal.state)}</Badge> <strong>{proposal.model}</strong> {words(proposal.component)}</p>
      <p><Money amount={proposal.amount} /> instead of <Money amount={proposal.previous} none="no price" />: {factorOf(proposal.amount, proposal.previous)}. {words(proposal.doubt)}.</p>
      <p className="sub">From {proposal.source} by {proposal.proposedBy}, <Moment at={proposal.proposedAt} />
        {proposal.decidedBy && `. Decided by ${proposal.decidedBy}: ${proposal.reason ?? ''}`}</p>
      <div className="buttons">
        <Button kind="primary" reason={state ?? right} onClick={() => setOpen('accept')}>Accept</Button>
        <Button reason={state ?? right} onClick={() => setOpen('reject')}>Reject</Button>
      </div>
      {open && <DecideDialog proposal={proposal} verdict={open} onClose={() => { setOpen(null); again() }} />}
    </li>
  )
}

type DecideProps = { proposal: ProposalRowFragment; verdict: 'accept' | 'reject'; onClose: () => void }

function DecideDialog({ proposal, verdict, onClose }: DecideProps) {
  const accept = useAct(AcceptPriceDocument)
  const reject = useAct(RejectPriceDocument)
  const act = verdict === 'accept' ? accept : reject
  const [reason, setReason] = useState('')
  const submit = async () => {
    const { payload } = await act.run({ input: { proposalId: proposal.id, reason: reason.trim(), idempotencyKey: newKey() } })
    if (!payload?.proposal) return
    say(verdict === 'accept' ? 'The price is accepted.' : 'The price is rejected.')
    onClose()
  }
  const errors = act.last?.userErrors ?? []
  return (
    <Dialog title={verdict === 'accept' ? 'Accept this price?' : 'Reject this price?'} submit={verdict === 'accept' ? 'Accept' : 'Reject'}
      kind={verdict === 'accept' ? 'primary' : 'danger'} onClose={onClose} onSubmit={submit} isBusy={act.isBusy}
      reason={reason.trim() === '' ? 'Write the reason first.' : null} errors={errorsElsewhere(errors, 'reason')} problem={act.last?.problem}>
      <p>{proposal.model}, {words(proposal.component).toLowerCase()}: {money(proposal.amount)} instead of {money(proposal.previous, 'no price')}, {factorOf(proposal.amount, proposal.previous)}.</p>
      <Field label="Reason" path="reason" errors={errors} hint="It stays with the price.">
        {(props) => <textarea {...props} rows={3} maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} />}
      </Field>
    </Dialog>
  )
}
