// The settings of the organization.
import { useMemo, useState } from 'react'
import { newKey, useAct, useRead } from '../../api/client'
import { denied, useMay, useViewer } from '../../api/viewer'
import { OrganizationDocument, SetGatesDocument, SetTimeZoneDocument, type GateMode, type OrganizationQuery } from '../../gql/graphql'
import { Button, Loaded, Moment, Money, PageTitle } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { momentIn, words } from '../../ui/format'
import { ReasonField } from '../../ui/reason'
import { say } from '../../ui/toast'
import { Webhook } from '../alerts/webhook'
import { MonthLimitDialog } from '../spend/limit'
import { Brand } from './brand'
import { Card } from './card'
import { Market } from './market'
import { NameDialog } from './name'
import { Targets } from './targets'

type Organization = OrganizationQuery['viewer']['organization']

export function OrganizationPage() {
  const oversee = useMay()('OVERSEE')
  const read = useRead(OrganizationDocument, { oversee })
  return (
    <>
      <PageTitle title="Organization" />
      <Loaded read={read}>
        {({ viewer: { organization } }) => (
          <div className="cards-row">
            <Name organization={organization} again={read.again} />
            <Limits organization={organization} again={read.again} />
            <Zone organization={organization} again={read.again} />
            <Gates organization={organization} again={read.again} />
            <Market market={organization.market} again={read.again} />
            <Brand brand={organization.brand} again={read.again} />
            {oversee && (
              <section className="card" aria-label="Webhook for alerts"><h2>Webhook for alerts</h2><Webhook url={organization.alertWebhook?.url} again={read.again} /></section>
            )}
          </div>
        )}
      </Loaded>
      <Targets />
    </>
  )
}

type Part = { organization: Organization; again: () => void }

function Name({ organization, again }: Part) {
  const { role } = useViewer()
  const may = useMay()
  const [isOpen, setOpen] = useState(false)
  return (
    <Card title="Name" actions={(
      <Button aria-label="Change the name" reason={may('SETTINGS') ? null : denied(role, 'SETTINGS')}
        onClick={() => setOpen(true)}>Change</Button>
    )}>
      <p><strong>{organization.name ?? 'No name yet'}</strong></p>
      <p className="sub"><code>{organization.id}</code></p>
      {isOpen && <NameDialog current={organization.name ?? ''} onClose={() => { setOpen(false); again() }} />}
    </Card>
  )
}

function Limits({ organization, again }: Part) {
  const { role } = useViewer()
  const may = useMay()
  const [isOpen, setOpen] = useState(false)
  return (
    <Card title="Limits" actions={(
      <Button reason={may('LIMITS') ? null : denied(role, 'LIMITS')} onClick={() => setOpen(true)}>Set the month’s limit</Button>
    )}>
      <dl className="sums">
        <div><dt>Limit of this month</dt><dd><Money amount={organization.spend.limit} /></dd></div>
        <div><dt>Spent this month</dt><dd><Money amount={organization.spend.settled} /></dd></div>
        <div><dt>Limit of new months</dt><dd><Money amount={organization.monthLimit} /></dd></div>
        <div><dt>Limit of new workflows</dt><dd><Money amount={organization.workflowLimit} /></dd></div>
      </dl>
      {isOpen && <MonthLimitDialog onClose={() => { setOpen(false); again() }} />}
    </Card>
  )
}

function Zone({ organization, again }: Part) {
  const { role } = useViewer()
  const may = useMay()
  const [isOpen, setOpen] = useState(false)
  return (
    <Card title="Time zone" actions={(
      <Button aria-label="Change the time zone" reason={may('SETTINGS') ? null : denied(role, 'SETTINGS')}
        onClick={() => setOpen(true)}>Change</Button>
    )}>
      <p><strong>{organization.timeZone}</strong></p>
      <p className="sub">The next month begins <Moment at={organization.month.end} />.</p>
      {isOpen && <ZoneDialog organization={organization} onClose={() => { setOpen(false); again() }} />}
    </Card>
  )
}

function ZoneDialog({ organization, onClose }: { organization: Organization; onClose: () => void }) {
  const [zone, setZone] = useState(organization.timeZone)
  const [reason, setReason] = useState('')
  const set = useAct(SetTimeZoneDocument)
  const zones = useMemo(() => ['UTC', ...Intl.supportedValuesOf('timeZone').filter((one) => one !== 'UTC')], [])
  const errors = set.last?.userErrors ?? []
  const submit = async () => {
    const { payload } = await set.run({ input: { timeZone: zone, reason: reason.trim() || null, idempotencyKey: newKey() } })
    if (!payload?.organization) return
    say(`The time zone is ${payload.organization.timeZone} now.`)
    onClose()
  }
  return (
    <Dialog title="Time zone" submit="Set time zone" onClose={onClose} onSubmit={submit} isBusy={set.isBusy}
      reason={zone === organization.timeZone ? 'Choose another time zone first.' : null}
      errors={errorsElsewhere(errors, 'timeZone')} problem={set.last?.problem}>
      <Field label="Time zone" path="timeZone" errors={errors}>
        {(props) => <select {...props} value={zone} onChange={(event) => setZone(event.target.value)}>{zones.map((one) => <option key={one}>{one}</option>)}</select>}
      </Field>
      <p className="hint">The running month still ends at the same moment, which is {momentIn(organization.month.end, zone)} in {zone}. The months after it begin at midnight there.</p>
      <ReasonField label="Reason" value={reason} onChange={setReason} />
    </Dialog>
  )
}

const gateLabels = { seeds: 'Keywords', plan: 'Article plan', publish: 'Publishing' } as const
type GateName = keyof typeof gateLabels

function Gates({ organization, again }: Part) {
  const { role } = useViewer()
  const may = useMay()
  const [isOpen, setOpen] = useState(false)
  const { gates } = organization
  return (
    <Card title="Gates" actions={(
      <Button aria-label="Change the gates" reason={may('SETTINGS') ? null : denied(role, 'SETTINGS')}
        onClick={() => setOpen(true)}>Change</Button>
    )}>
      <dl className="sums">
        {(Object.keys(gateLabels) as GateName[]).map((name) => (
          <div key={name}><dt>{gateLabels[name]}</dt><dd><Badge tone={gates[name] === 'OFF' ? 'neutral' : 'active'}>{words(gates[name])}</Badge></dd></div>
        ))}
        <div><dt>Four eyes</dt><dd><Badge tone={gates.fourEyes ? 'active' : 'neutral'}>{gates.fourEyes ? 'On' : 'Off'}</Badge></dd></div>
      </dl>
      {isOpen && <GatesDialog organization={organization} onClose={() => { setOpen(false); again() }} />}
    </Card>
  )
}

const modes: GateMode[] = ['HUMAN', 'AUTO', 'OFF']

function GatesDialog({ organization, onClose }: { organization: Organization; onClose: () => void }) {
  const { seeds, plan, publish, fourEyes } = organization.gates
  const [gates, setGates] = useState({ seeds, plan, publish, fourEyes })
  const [reason, setReason] = useState('')
  const set = useAct(SetGatesDocument)
  const errors = set.last?.userErrors ?? []
  const submit = async () => {
    const { payload } = await set.run({ input: { ...gates, reason: reason.trim() || null, idempotencyKey: newKey() } })
    if (!payload?.gates) return
    say('The gates are set.')
    onClose()
  }
  return (
    <Dialog title="Gates" submit="Set gates" onClose={onClose} onSubmit={submit} isBusy={set.isBusy}
      errors={errorsElsewhere(errors, ...Object.keys(gateLabels))} problem={set.last?.problem}>
      <p>At a gate that is human, only a person’s approval lets a workflow go on. The change counts for every transition from then on.</p>
      {(Object.keys(gateLabels) as GateName[]).map((name) => (
        <Field key={name} label={gateLabels[name]} path={name} errors={errors}>
          {(props) => (
            <select {...props} value={gates[name]} onChange={(event) => setGates({ ...gates, [name]: event.target.value as GateMode })}>
              {modes.map((mode) => <option key={mode} value={mode}>{words(mode)}</option>)}
            </select>
          )}
        </Field>
      ))}
      <label className="check">
        <input type="checkbox" checked={gates.fourEyes} onChange={(event) => setGates({ ...gates, fourEyes: event.target.checked })} />
        Four eyes: another person than the one who prepared a selection approves it
      </label>
      <ReasonField label="Reason" value={reason} onChange={setReason} />
    </Dialog>
  )
}
