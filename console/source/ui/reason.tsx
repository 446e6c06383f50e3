import { Field } from './dialog'

/** The reason of a change, for the journal. */
export function ReasonField({ label, value, onChange }: { label: string; value: string; onChange: (text: string) => void }) {
  return (
    <Field label={label} hint="It goes into the journal.">
      {(props) => <textarea {...props} rows={3} maxLength={2000} value={value} onChange={(event) => onChange(event.target.value)} />}
    </Field>
  )
}
