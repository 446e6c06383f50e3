// Sends operations by the id of their text, and reads the answers. Subscriptions are in live.ts.
import { type AnyVariables, type CombinedError, type Exchange, makeErrorResult, makeResult, type Operation, type OperationResult } from '@urql/core'
import { filter, fromPromise, map, merge, mergeMap, pipe, takeUntil } from 'wonka'
import { renew } from './oidc'
import { session, signOut } from './session'
import type { Settings } from './settings'

declare module '@urql/core' {
  interface OperationContext {
    /** The id of the operation's text: sha256: and its hash. */
    documentId?: string
  }
}

const expired = 'The server no longer accepts your sign-in. Sign in again to go on where you were.'
export const offline = 'The server cannot be reached.'
export const outdated = 'This page is older than the server. Reload it.'

type Answer = { data?: unknown; errors?: { message: string; extensions?: Record<string, unknown> }[] }

/** The names that a request needs, so that tests can send requests too. */
export function bodyOf(operation: Pick<Operation, 'variables'> & { context: { documentId?: string } }): string {
  return JSON.stringify({ documentId: operation.context.documentId, variables: operation.variables })
}

async function post(operation: Operation, signal: AbortSignal): Promise<{ status: number; answer: Answer }> {
  const response = await fetch('/graphql', {
    method: 'POST', credentials: 'omit', cache: 'no-store', signal, body: bodyOf(operation),
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/graphql-response+json, application/json;q=0.9',
      Authorization: `Bearer ${session.get()?.token ?? ''}`,
    },
  })
  return { status: response.status, answer: (await response.json()) as Answer }
}

const hasCode = (answer: Answer, code: string) =>
  answer.errors?.some((error) => error.extensions?.code === code) ?? false

/** Runs an operation once, and once more with a new token when the server refuses the token. */
async function run(settings: Settings, operation: Operation, signal: AbortSignal): Promise<OperationResult> {
  try {
    // A component that draws for the first time asks and withdraws at once, then asks for good.
    await Promise.resolve()
    signal.throwIfAborted()
    let got = await post(operation, signal)
    if (got.status === 401 && (await renew(settings))) got = await post(operation, signal)
    if (got.status === 401) signOut(expired)
    const { answer } = got
    if (operation.context.documentId && answer.data === undefined && hasCode(answer, 'NOT_FOUND')) {
      return makeErrorResult(operation, new Error(outdated))
    }
    return makeResult(operation, { ...answer, hasNext: false } as never)
  } catch (cause) {
    return makeErrorResult(operation, signal.aborted ? (cause as Error) : new Error(offline))
  }
}

export function networkExchange(settings: Settings): Exchange {
  return ({ forward }) => (operations) => {
    const isOurs = (operation: Operation) => operation.kind === 'query' || operation.kind === 'mutation'
    const results = pipe(
      operations,
      filter(isOurs),
      mergeMap((operation) => {
        const abort = new AbortController()
        const isOver = pipe(
          operations,
          // A newer request for the same data takes the place of this one, whose answer may come later and be older.
          filter((other) => other.key === operation.key && (other.kind === 'teardown' || other.kind === 'query')),
          map(() => abort.abort()),
        )
        return pipe(fromPromise(run(settings, operation, abort.signal)), takeUntil(isOver))
      }),
    )
    return merge([results, pipe(operations, filter((operation) => !isOurs(operation)), forward)])
  }
}

export type Problem = {
  kind: 'offline' | 'outdated' | 'forbidden' | 'limited' | 'internal' | 'other'
  message: string
  requestId: string | null
}

/** What went wrong, for a person. */
export function problemOf(error: CombinedError): Problem {
  const first = error.graphQLErrors[0]
  const message = first?.message ?? error.networkError?.message ?? error.message
  const id = first?.extensions?.requestId
  const requestId = typeof id === 'string' ? id : null
  if (error.networkError) {
    return { kind: message === outdated ? 'outdated' : 'offline', message, requestId }
  }
  switch (first?.extensions?.code) {
    case 'FORBIDDEN': return { kind: 'forbidden', message, requestId }
    case 'RATE_LIMITED': case 'UNAVAILABLE': case 'TIMED_OUT': return { kind: 'limited', message, requestId }
    case 'INTERNAL': return { kind: 'internal', message, requestId }
    default: return { kind: 'other', message, requestId }
  }
}

export type { AnyVariables }
