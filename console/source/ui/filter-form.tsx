// The filters of a list. On a narrow screen all but the first are behind a button, so that the list begins on the screen.
import { useState, type ReactNode } from 'react'
import { Button } from './basic'

/** count is the number of filters that choose. */
export function FilterForm({ count, children }: { count: number; children: ReactNode }) {
  const [isOpen, setOpen] = useState(false)
  const more = count > 0 ? `More filters, ${count} set` : 'More filters'
  return (
    <form className={`filters fold ${isOpen ? 'open' : ''}`} role="search" onSubmit={(event) => event.preventDefault()}>
      {children}
      <Button className="more-filters" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>{isOpen ? 'Fewer filters' : more}</Button>
    </form>
  )
}
