// Requests to the engine. Each one is safe to repeat, so a lost answer leads to the same request again.
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from 'graphql-sse'
import { WorkAvailableDocument, type TypedDocumentString } from './gql/graphql.js'

export function setting(name: string, fallback?: string): string {
  const value = process.env[name] ?? fallback
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}

const url = setting('ENGINE_URL', 'http://127.0.0.1:8080/graphql')
const headers = { authorization: `Bearer ${setting('ENGINE_KEY')}` }

/** An answer of the engine that a repetition would not change, such as LOST_RUN. */
export class Refusal extends Error {
  constructor(readonly code: string, message: string) {
    super(`${code}: ${message}`)
  }
}

/** Sends an operation until there is an answer, at most 5 times. Throws a Refusal for an error in the answer. */
export async function ask<R, V>(document: TypedDocumentString<R, V>, variables: V): Promise<R> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await askOnce(document, variables)
    } catch (error) {
      const final = error instanceof Refusal && !['UNAVAILABLE', 'RATE_LIMITED', 'INTERNAL'].includes(error.code)
      if (final || attempt === 5) throw error
      await pause(attempt * 500)
    }
  }
}

async function askOnce<R, V>(document: TypedDocumentString<R, V>, variables: V): Promise<R> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query: String(document), variables }),
    signal: AbortSignal.timeout(30_000),
  })
  const { data, errors } = await response.json() as {
    data: R & Record<string, { userErrors: { code: string; message: string }[] }>
    errors?: { message: string; extensions: { code: string } }[]
  }
  if (errors?.[0]) throw new Refusal(errors[0].extensions.code, errors[0].message)
  for (const { userErrors: [error] } of Object.values(data)) {
    if (error) throw new Refusal(error.code, error.message)
  }
  return data
}

/** Returns when there may be work to claim, and when the signal is aborted. */
export async function workAvailable(signal: AbortSignal): Promise<void> {
  const client = createClient({ url, headers, retryAttempts: 0 })
  const events = client.iterate({ query: String(WorkAvailableDocument) })
  const stop = () => { void events.return?.() }
  signal.addEventListener('abort', stop, { once: true })
  try {
    await events.next()
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}
