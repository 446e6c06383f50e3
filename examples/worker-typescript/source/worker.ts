// A worker that drives the first step, ICP. It ends after its current run on SIGTERM or SIGINT.
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { ask, Refusal, setting, workAvailable } from './engine.js'
import * as gql from './gql/graphql.js'
import { complete, maxCompletionTokens, model, ModelFailure, requestFor, type Answer } from './model.js'

type Item = gql.ClaimWorkMutation['claimWork']['items'][number]

const leaseSeconds = Number(setting('LEASE_SECONDS', '60'))
const stopping = new AbortController()
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stopping.abort())

/** Reserves the money for a call, makes the call and settles its cost. */
async function pay(run: { workflowId: string; token: number }, body: string): Promise<Answer> {
  const { reserveUsage: { call } } = await ask(gql.ReserveUsageDocument, {
    ...run,
    estimate: { models: [model], promptBytes: Buffer.byteLength(body), maxCompletionTokens },
    idempotencyKey: `${run.workflowId} ${run.token}`,
  })
  const callId = call!.id
  const answer = await complete(body).catch(async (error) => {
    // The hold of any other failed call stays: nothing proves that it cost nothing.
    if (error instanceof ModelFailure && error.free) {
      await ask(gql.ReleaseUsageDocument, { callId, reason: error.message })
    }
    throw error
  })
  const { id: generationId, model: answered, usage } = answer
  const consumption = { promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens }
  await ask(gql.SettleUsageDocument, { callId, generationId, model: answered, ...consumption })
  return answer
}

/** Returns the profile in an answer. The engine checks its content. */
function profileIn(answer: Answer): gql.CustomerProfileInput {
  try {
    const { industries, buyerRoles, painPoints, valueProposition } = JSON.parse(answer.choices[0]!.message.content)
    return { industries, buyerRoles, painPoints, valueProposition }
  } catch {
    throw new Refusal('INVALID_INPUT', 'The answer is no profile.')
  }
}

/** Returns the failure of a step for an error. Null: the run is no longer ours, or the engine cannot be reached. */
function failureOf(error: unknown): { failureCode: gql.FailureCode; retryAfter: number } | null {
  if (error instanceof ModelFailure) return { failureCode: error.failureCode, retryAfter: error.retryAfter }
  if (!(error instanceof Refusal) || error.code === 'LOST_RUN') return null
  const codes: Record<string, gql.FailureCode> = {
    BUDGET_EXHAUSTED: 'BUDGET', BUDGET_HELD: 'BUDGET', PRICE_UNKNOWN: 'PRICE_UNKNOWN',
    INVALID_INPUT: 'INVALID_OUTPUT', GRAPHQL_VALIDATION_FAILED: 'INVALID_OUTPUT',
  }
  return { failureCode: codes[error.code] ?? 'INTERNAL', retryAfter: 0 }
}

/** Does the work of one run while a heartbeat renews its lease. */
async function drive({ workflow, run: { token }, input }: Item): Promise<void> {
  const run = { workflowId: workflow.id, token }
  const heartbeat = setInterval(() => {
    // A failed renewal needs no action here: the answer to the next request of the run decides.
    ask(gql.RenewLeaseDocument, { ...run, leaseSeconds }).catch((error) => console.error(`renewing: ${error}`))
  }, leaseSeconds * 1000 / 3)
  try {
    const answer = await pay(run, requestFor(input.company, input.feedback))
    await ask(gql.CompleteStepDocument, { ...run, icp: profileIn(answer), model: answer.model })
    console.log(`completed ${run.workflowId} ${token}`)
  } catch (error) {
    console.error(`${run.workflowId} ${token}: ${error}`)
    const failure = failureOf(error)
    if (failure) await ask(gql.FailStepDocument, { ...run, ...failure, message: String(error) })
  } finally {
    clearInterval(heartbeat)
  }
}

while (!stopping.signal.aborted) {
  try {
    const { claimWork: { items } } = await ask(gql.ClaimWorkDocument, { leaseSeconds, idempotencyKey: randomUUID() })
    for (const item of items) await drive(item)
    if (items.length === 0) await workAvailable(stopping.signal)
  } catch (error) {
    if (error instanceof Refusal && ['FORBIDDEN', 'TOKEN_EXPIRED', 'UNAUTHENTICATED'].includes(error.code)) throw error
    console.error(String(error))
    await pause(2_000)
  }
}
