// The page of something that the organization does not have.
import { Link } from '@tanstack/react-router'
import { Empty, PageTitle } from './basic'

export function Absent({ what }: { what: 'workflow' | 'article' | 'batch' }) {
  return (
    <>
      <PageTitle title={`There is no such ${what}`} />
      <Empty title={`Your organization has no ${what} with this id`}><Link to="/workflows">Go to the workflows</Link></Empty>
    </>
  )
}
