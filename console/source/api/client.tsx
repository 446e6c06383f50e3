// The client of the API: one cache for all pages, which live events update in place.
import { cacheExchange, type Cache } from '@urql/exchange-graphcache'
import { Client, createRequest, subscriptionExchange, type CombinedError, type RequestPolicy } from '@urql/core'
import { useCallback, useMemo, useRef, useState } from 'react'
import { useClient, useQuery, useSubscription } from 'urql'
import type { TypedDocumentString } from '../gql/graphql'
import { createSocket, forwardTo } from './live'
import { networkExchange, problemOf, type Problem } from './network'
import type { Settings } from './settings'

type Document<Result, Variables> = TypedDocumentString<Result, Variables>

/** Types without an id: the cache keeps them within their owner. */
const embedded = [
  'Activity', 'ArticleCheck', 'ArticleConnection', 'ArticleDecision', 'ArticlePart', 'ArticlePlan', 'ArticleSection', 'ArticleSpend', 'ArticleVersion',
  'ArticleVersionConnection', 'Evidence' /* Its id is one within its article. */, 'BatchConnection', 'BatchEvent', 'BatchItem', 'BatchItemConnection',
  'BatchPreview', 'BatchRefusal', 'Brand', 'Brief', 'Market', 'WorkForecast', 'AlertConnection', 'AlertDelivery', 'AlertDifference', 'AlertEvent', 'AlertWebhook', 'ApiKeyConnection',
  'CallConnection', 'Company', 'Competitor', 'Forecast', 'Funnel', 'FunnelState', 'FunnelStep', 'Gate', 'GateDecision',
  'GateSettings', 'GraphEdge', 'GraphState', 'Icp', 'IcpCost', 'KeywordConnection', 'KeywordSelection', 'NewWorkflowForecast',
  'ApiKeyEvent', 'ApiKeyEventConnection', 'LedgerEntryConnection', 'Month', 'MonthConnection', 'PageInfo', 'PriceEvent', 'PublicationConnection', 'PublicationEvent',
  'PriceEventConnection', 'SettingsChange', 'SettingsChangeConnection', 'SettingValue', 'StatusCount', 'StepResult', 'SupersededBrief', 'SupersededVisit', 'WorkflowCounts', 'Similarity', 'UnclusteredKeyword', 'UnitConnection', 'UnitEvent', 'Period', 'Price', 'PriceConnection', 'PriceProposalConnection', 'Spend',
  'SpendEvent', 'TransitionConnection', 'TransitionEvent', 'Usage', 'UsageGroup', 'UsageReport', 'UsageSums', 'Viewer',
  'WorkflowConnection', 'WorkflowGraph',
]

/** Removes the fields of an object that a change may have made wrong; pages that show them read them again. */
export function forget(cache: Cache, entity: string, ...fields: string[]) {
  for (const field of cache.inspectFields(entity)) {
    if (fields.includes(field.fieldName)) cache.invalidate(entity, field.fieldKey)
  }
}

type Update = (result: unknown, args: unknown, cache: Cache) => void
const forgetLists: Update = (_result, _args, cache) => forget(cache, 'Query', 'workflows')
const forgetKeywords: Update = (result, _args, cache) => {
  for (const payload of Object.values(result as Record<string, { workflow?: { id: string } | null } | null>)) {
    if (payload?.workflow) forget(cache, `Workflow:${payload.workflow.id}`, 'keywords')
  }
}

const forgetPlan: Update = (result, _args, cache) => {
  for (const payload of Object.values(result as Record<string, { workflow?: { id: string } | null } | null>)) {
    if (payload?.workflow) forget(cache, `Workflow:${payload.workflow.id}`, 'articlePlan', 'unclustered', 'topics')
  }
}

export function createApi(settings: Settings): Client {
  const socket = createSocket(settings)
  return new Client({
    url: '/graphql',
    requestPolicy: 'cache-and-network',
    preferGetMethod: false,
    exchanges: [
      cacheExchange({
        keys: {
          ...Object.fromEntries(embedded.map((name) => [name, () => null])),
          Step: (step) => step.key as string,
        },
        updates: {
          Mutation: {
            createWorkflow: forgetLists,
            decideKeywords: forgetKeywords,
            addKeywords: forgetKeywords,
            decideArticlePlans: forgetPlan,
            attachKeyword: forgetPlan,
          },
        },
      }),
      networkExchange(settings),
      subscriptionExchange({ forwardSubscription: forwardTo(socket) as never }),
    ],
  })
}

/** The id of an operation: sha256: and the hash of its text. */
const idOf = (document: { __meta__?: Record<string, unknown> }) => String(document.__meta__?.hash)

export type Read<Result> = {
  data: Result | undefined
  /** The data is on its way, or is shown and being read again. */
  isReading: boolean
  problem: Problem | null
  again: () => void
}

type ReadOptions = {
  skip?: boolean
  policy?: RequestPolicy
  /** Shows the last answer while that for other variables is on its way: for lists and their filters. */
  keep?: boolean
}

/** Reads a query, from the cache first and then from the server. */
export function useRead<Result, Variables extends object>(
  document: Document<Result, Variables>, variables: Variables, { skip = false, policy, keep = false }: ReadOptions = {},
): Read<Result> {
  const context = useMemo(() => ({ documentId: idOf(document) }), [document])
  const [state, execute] = useQuery<Result>({
    query: String(document), variables: variables as never, context, pause: skip, requestPolicy: policy,
  })
  const latest = useRef(execute)
  latest.current = execute
  // The same function for good, so that effects can depend on it.
  const again = useCallback(() => latest.current({ requestPolicy: 'network-only' }), [])
  const key = JSON.stringify(variables)
  const last = useRef<{ key: string; data: Result }>(undefined)
  if (state.data && !state.error) last.current = { key, data: state.data }
  const problem = state.error && !state.fetching ? problemOf(state.error) : null
  // A server that is away takes nothing from the screen: a form in the middle of the data would be gone with its text.
  const isStill = last.current?.key === key && problem?.kind !== 'forbidden'
  return {
    data: state.data ?? (isStill || (keep && state.fetching) ? last.current?.data : undefined),
    isReading: state.fetching || state.stale,
    problem,
    again,
  }
}

/** Follows a subscription while the component is on the screen. */
export function useLive<Result, Variables extends object>(
  document: Document<Result, Variables>, variables: Variables, onEvent: (event: Result) => void, skip = false,
) {
  const context = useMemo(() => ({ documentId: idOf(document) }), [document])
  const handler = useRef(onEvent)
  handler.current = onEvent
  useSubscription<Result>({ query: String(document), variables: variables as never, context, pause: skip },
    (_previous, event) => {
      handler.current(event)
      return event
    })
}

export type UserError = {
  code: string; message: string; field?: string[] | null; current?: unknown; existing?: unknown; actor?: string; createdAt?: string
}
type Payload = { userErrors: UserError[] }

export type Outcome<P> = { payload: P | null; userErrors: UserError[]; problem: Problem | null }

/** The payload of a mutation: its one field. */
type PayloadOf<Result> = Exclude<Result[keyof Omit<Result, '__typename'>], undefined>

export function outcomeOf<Result extends object>(
  data: Result | undefined, error: CombinedError | undefined,
): Outcome<PayloadOf<Result>> {
  if (error) return { payload: null, userErrors: [], problem: problemOf(error) }
  const [, payload] = Object.entries(data ?? {}).find(([name]) => name !== '__typename') ?? []
  const { userErrors } = payload as Payload
  return { payload: payload as PayloadOf<Result>, userErrors, problem: null }
}

/** Runs a mutation. `isBusy` is true until its answer; `last` is its outcome. */
export function useAct<Result extends object, Variables extends object>(document: Document<Result, Variables>) {
  const client = useClient()
  const [isBusy, setBusy] = useState(false)
  const [last, setLast] = useState<Outcome<PayloadOf<Result>> | null>(null)
  const run = useCallback(async (variables: Variables) => {
    setBusy(true)
    const request = createRequest<Result>(String(document), variables as never)
    const result = await client.executeMutation(request, { documentId: idOf(document) }).toPromise()
    const outcome = outcomeOf<Result>(result.data, result.error)
    setLast(outcome)
    setBusy(false)
    return outcome
  }, [client, document])
  const reset = useCallback(() => setLast(null), [])
  return { run, isBusy, last, reset }
}

/** Reads a query once, outside of a component's life. */
export function useAsk() {
  const client = useClient()
  return useCallback(async <Result, Variables extends object>(
    document: Document<Result, Variables>, variables: Variables,
  ): Promise<{ data: Result | null; problem: Problem | null }> => {
    const request = createRequest<Result>(String(document), variables as never)
    const context = { documentId: idOf(document), requestPolicy: 'network-only' as const }
    const result = await client.executeQuery(request, context).toPromise()
    return { data: result.data ?? null, problem: result.error ? problemOf(result.error) : null }
  }, [client])
}

/** A new key, so that a request that is sent twice is carried out once. */
export const newKey = () => crypto.randomUUID()

/** The key of a request with some inputs. Another input makes another request, which needs another key. */
export function useKey(...inputs: string[]): string {
  const asked = JSON.stringify(inputs)
  const kept = useRef({ asked, key: '' })
  if (kept.current.asked !== asked || kept.current.key === '') kept.current = { asked, key: newKey() }
  return kept.current.key
}
