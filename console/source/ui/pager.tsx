// The buttons under a list. The page is a cursor; Back goes to the page before.
import { Button } from './basic'

type PagerProps = { after: string | null | undefined; next: string | null | undefined; onPage: (after: string | undefined) => void }

export function Pager({ after, next, onPage }: PagerProps) {
  if (!after && !next) return null
  return (
    <nav className="pager" aria-label="Pages">
      <Button reason={after ? null : 'This is the first page.'} onClick={() => onPage(undefined)}>First page</Button>
      <Button reason={next ? null : 'This is the last page.'} onClick={() => onPage(next ?? undefined)}>Next page</Button>
    </nav>
  )
}

export const nextOf = (pageInfo: { hasNextPage: boolean; endCursor?: string | null }) =>
  (pageInfo.hasNextPage ? pageInfo.endCursor : null)
