// The difference of two texts of an article.
import { useMemo } from 'react'
import { plural } from '../../ui/format'
import { diffOf, type Part } from './diff'

type Written = { title: string; metaDescription: string; markdown: string }

const whole = ({ title, metaDescription, markdown }: Written) => `# ${title}\n\n${metaDescription}\n\n${markdown}`
const marks = { same: ' ', gone: '−', new: '+', changed: '~' }

/** Whether a line changed or is close to one that did. */
const isNear = (lines: { kind: string }[], index: number) =>
  lines.slice(Math.max(0, index - 2), index + 3).some((line) => line.kind !== 'same')

export function Difference({ before, after }: { before: Written; after: Written }) {
  const lines = useMemo(() => diffOf(whole(before), whole(after)), [before, after])
  const changed = lines.filter((line) => line.kind !== 'same').length
  const draw = (part: Part, index: number) => (
    part.kind === 'gone' ? <del key={index}>{part.text}</del> : part.kind === 'new' ? <ins key={index}>{part.text}</ins> : part.text
  )
  return (
    <>
      <p role="status">{changed === 0 ? 'Both are the same.' : `${plural(changed, 'line')} changed.`}</p>
      <div className="diff" tabIndex={0} role="region" aria-label="Changed lines">
        {lines.map((line, index) => isNear(lines, index)
          ? <p key={index} className={line.kind}><span className="faint" aria-hidden="true">{marks[line.kind]}</span> {line.parts.map(draw)}</p>
          : index > 0 && isNear(lines, index - 1) && <p key={index} className="faint">…</p>)}
      </div>
    </>
  )
}
