// The actions on the chosen rows, or on all of the filter.
import { lazy, Suspense, useState } from 'react'
import { denied, useMay, useViewer } from '../api/viewer'
import type { WorkflowFilter, WorkflowRowFragment } from '../gql/graphql'
import { Button } from '../ui/basic'
import { PathLink } from '../ui/path-link'
import { bulkActions, type BulkAction } from './bulk-rules'

const BulkDialog = lazy(() => import('./bulk').then((module) => ({ default: module.BulkDialog })))

export function BulkBar({ chosen, filter }: { chosen: WorkflowRowFragment[]; filter: WorkflowFilter }) {
  const { role } = useViewer()
  const may = useMay()
  const [action, setAction] = useState<BulkAction | null>(null)
  const whole = chosen.length === 0
  return (
    <div className="bulk-bar" role="group" aria-label="Actions on many workflows">
      <span role="status">{whole ? 'All of the filter:' : `${chosen.length} chosen:`}</span>
      {(Object.keys(bulkActions) as BulkAction[]).map((one) => (
        <Button key={one} kind="quiet" reason={may(bulkActions[one].needs) ? null : denied(role, bulkActions[one].needs)} onClick={() => setAction(one)}>{bulkActions[one].label}</Button>
      ))}
      <PathLink to="/batches" className="bulk-link">Batches</PathLink>
      {action && (
        <Suspense fallback={null}>
          <BulkDialog action={action} filter={filter} chosen={whole ? null : chosen} onClose={() => setAction(null)} />
        </Suspense>
      )}
    </div>
  )
}
