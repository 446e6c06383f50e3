// One section written again by an instruction: first the forecast, then the order.
import { useState } from 'react'
import { newKey, useAct } from '../../api/client'
import { useActors } from '../../api/viewer'
import { RegenerateSectionDocument } from '../../gql/graphql'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { money, plural } from '../../ui/format'
import { say } from '../../ui/toast'
import type { Article } from './page'

type Forecast = { likely: string; most: string }

export function RewriteDialog({ article, onClose }: { article: Article; onClose: () => void }) {
  const act = useAct(RegenerateSectionDocument)
  const actors = useActors()
  const [section, setSection] = useState(article.sections.find((one) => one.level > 0)?.index ?? 0)
  const [instruction, setInstruction] = useState('')
  const [forecast, setForecast] = useState<Forecast | null>(null)
  // The text that the person has read counts.
  const [expectedRevision] = useState(article.revision)
  const submit = async () => {
    const dryRun = forecast === null
    const { payload } = await act.run({
      actors,
      input: { articleId: article.id, expectedRevision, section, instruction: instruction.trim(), dryRun, idempotencyKey: dryRun ? null : newKey() },
    })
    if (!payload || payload.userErrors.length > 0) return
    if (dryRun) return setForecast({ likely: payload.likely ?? '0', most: payload.most ?? '0' })
    say('The section is written again.')
    onClose()
  }
  const errors = act.last?.userErrors ?? []
  return (
    <Dialog title="Write a section again" submit={forecast ? `Write it for at most ${money(forecast.most)}` : 'Look at the cost'}
      onClose={onClose} onSubmit={() => void submit()} isBusy={act.isBusy} problem={act.last?.problem}
      errors={errorsElsewhere(errors, 'section', 'instruction')} reason={instruction.trim() === '' ? 'Write the instruction first.' : null}>
      <Field label="Section" path="section" errors={errors}>
        {(props) => (
          <select {...props} value={section} onChange={(event) => { setSection(Number(event.target.value)); setForecast(null) }}>
            {article.sections.map((one) => (
              <option key={one.index} value={one.index}>{one.heading ?? 'Introduction'} ({plural(one.words, 'word')})</option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Instruction" path="instruction" errors={errors} hint="What the new text is to do better.">
        {(props) => <textarea {...props} rows={4} maxLength={2000} value={instruction} onChange={(event) => { setInstruction(event.target.value); setForecast(null) }} />}
      </Field>
      {forecast && (
        <p role="status">The section will cost at most {money(forecast.most)}, probably about {money(forecast.likely)}.
          The article has spent {money(article.spend.settled)} of {money(article.spend.cap)}.</p>
      )}
    </Dialog>
  )
}
