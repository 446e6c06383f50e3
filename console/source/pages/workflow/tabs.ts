// The tab of a workflow's page, as the address has it.
export const tabs = ['results', 'journal', 'calls', 'ledger'] as const
export type Tab = (typeof tabs)[number]

export function readTab(raw: Record<string, unknown>): { tab?: Tab } {
  return { tab: tabs.find((tab) => tab === raw.tab) }
}
