// A table with a caption. On a narrow screen each row is a card, whose cells have the names of their columns.
import type { Key, ReactNode } from 'react'

export type Column = {
  label: string
  /** Figures end at the right side. */
  isRight?: boolean
  /** The cell names the row. */
  isHead?: boolean
  /** The label is for readers of the screen only. */
  isHidden?: boolean
  /** Long texts break within the words. */
  isText?: boolean
  /** The cell needs a line of its own in a dense card. */
  isWide?: boolean
}

export type Line = { key: Key; cells: ReactNode[] }

type RowsProps = { caption: string; columns: Column[]; lines: Line[]; isDense?: boolean }

/** isDense sets many columns in smaller type, and two columns in a card. */
export function Rows({ caption, columns, lines, isDense = false }: RowsProps) {
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label={caption}>
      <table className={`table cards ${isDense ? 'dense' : ''}`}>
        <caption className="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ label, isRight, isHidden }) => (
              <th key={label} scope="col" className={isRight ? 'right' : undefined}>{isHidden ? <span className="hidden">{label}</span> : label}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ key, cells }) => (
            <tr key={key} data-row={key}>{cells.map((cell, index) => <Cell key={index} column={columns[index]!} cell={cell} />)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Cell({ column: { label, isRight, isHead, isHidden, isText, isWide }, cell }: { column: Column; cell: ReactNode }) {
  if (isHead) return <th scope="row">{cell}</th>
  const style = [isRight && 'right figure', isText && 'reason', isWide && 'wide'].filter(Boolean).join(' ')
  return <td data-label={isHidden ? undefined : label} className={style || undefined}>{cell}</td>
}
