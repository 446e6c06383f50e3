// Pure rules of the section "Verification".

/** The end of a run is not reached yet: its rows and its state change. */
export const isOpen = (state: string) => state === 'PENDING' || state === 'RUNNING'

export const tones: Record<string, string> = { PENDING: 'neutral', RUNNING: 'active', CLEAN: 'good', FINDINGS: 'bad', FAILED: 'warn' }

/** The heads in the text of a checkpoint: their number and the root over them. Null for another text. */
export function headsOf(checkpoint: string | null | undefined): { count: number; root: string } | null {
  const [, count = '', root = ''] = (checkpoint ?? '').split('\n')
  return /^\d+$/.test(count) && root !== '' ? { count: Number(count), root } : null
}

/** One sentence about the result of a run. */
export function resultOf(run: { state: string; rowsRead: string | number; findingCount: number; failure?: string | null }): string {
  const rows = `${Number(run.rowsRead).toLocaleString('en')} rows`
  switch (run.state) {
    case 'PENDING': return 'It waits for a worker.'
    case 'RUNNING': return `${rows} read so far.`
    case 'CLEAN': return `${rows} read, no finding.`
    case 'FINDINGS': return `${rows} read, ${run.findingCount} ${run.findingCount === 1 ? 'finding' : 'findings'}.`
    default: return run.failure ?? 'It ended without a result.'
  }
}
