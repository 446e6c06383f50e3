/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** An ideal customer profile. Each list has 1 to 20 items of at most 200 characters. */
export type CustomerProfileInput = {
  /** The roles of the people who decide to buy. */
  buyerRoles: Array<string>;
  /** The industries of the ideal customers. */
  industries: Array<string>;
  /** The problems of these people. */
  painPoints: Array<string>;
  /** The company's answer to these problems: at most 2000 characters. */
  valueProposition: string;
};

/**
 * The codes of user errors. GraphQL errors carry a code too, in `extensions.code`: one of these in a query, or
 * `UNAUTHENTICATED`, `TOKEN_EXPIRED`, `FORBIDDEN`, `RATE_LIMITED`, `UNAVAILABLE`, `TIMED_OUT`, `INTERNAL` or
 * `PERSISTED_QUERY_NOT_FOUND`. A request above a limit has `BODY_TOO_LARGE`, `TOO_MANY_TOKENS`, `TOO_DEEP`,
 * `TOO_MANY_ALIASES`, `TOO_MANY_ROOT_FIELDS`, `TOO_COSTLY` or `TOO_MANY_ERRORS`. A request that is not valid GraphQL has
 * `GRAPHQL_PARSE_FAILED` or `GRAPHQL_VALIDATION_FAILED`. Each GraphQL error has `extensions.requestId`.
 */
export type ErrorCode =
  /** The limit leaves no room, even if the calls in flight cost nothing. Stop spending, or raise the limit. */
  | 'BUDGET_EXHAUSTED'
  /** Calls in flight hold the money. Try again after they end. */
  | 'BUDGET_HELD'
  /** The request conflicts with the current data. Read again, then decide. */
  | 'CONFLICT'
  /** Another call was charged for this answer of the provider. Book nothing. */
  | 'DUPLICATE_GENERATION'
  /** Choose another name, or use the workflow with that name. */
  | 'DUPLICATE_NAME'
  /** Another person must approve: you prepared the selection. */
  | 'FOUR_EYES'
  /** Only a decision opens this edge: use the mutation of its gate. */
  | 'GATE_CLOSED'
  /** The key or the call has other content already. Use a new key for a new request. */
  | 'IDEMPOTENCY_MISMATCH'
  /** The graph has no such edge. */
  | 'ILLEGAL_TRANSITION'
  /** Correct the request. */
  | 'INVALID_INPUT'
  /** The run is over, or another worker has it. Stop working on it. */
  | 'LOST_RUN'
  /** No item is approved: approve at least one. */
  | 'NOTHING_APPROVED'
  /** Your organization has no such object. */
  | 'NOT_FOUND'
  /** The price of a model is unknown: it cannot be called, and the cost of a call must be named. */
  | 'PRICE_UNKNOWN'
  /** The text has another revision. Read it, then decide. */
  | 'REVISION_CONFLICT'
  /** The selection has too many items. */
  | 'SELECTION_TOO_LARGE'
  /** The selection has too few items. */
  | 'SELECTION_TOO_SMALL'
  /** The workflow has changed. Read its current state, then decide. */
  | 'STALE_STATE'
  /** A target cannot be used for this: test it, or choose another one. */
  | 'TARGET_UNUSABLE'
  /** The workflow is in a terminal state and cannot change. */
  | 'TERMINAL_STATE';

/** The reasons why a run failed, or why the answer of a call was not usable. */
export type FailureCode =
  /** The provider refused the credentials. */
  | 'AUTH'
  /** A website refused the request: robots.txt, a firewall, or an address that the engine does not visit. */
  | 'BLOCKED'
  /** The budget had no room for the call. */
  | 'BUDGET'
  /** The workflow was cancelled. */
  | 'CANCELLED'
  /** The provider refused the content. */
  | 'CONTENT_FILTERED'
  /** The engine failed. */
  | 'INTERNAL'
  /** The answer did not have the required form. Retried once. */
  | 'INVALID_OUTPUT'
  /** The provider refused the request. */
  | 'INVALID_REQUEST'
  /** The worker did not renew its lease. Retried at once. */
  | 'LEASE_EXPIRED'
  /** The answer came from a model that was not requested. Retried once. */
  | 'MODEL_DRIFT'
  /** The provider has none of the requested models any more. */
  | 'MODEL_GONE'
  /** The network failed. Retried. */
  | 'NETWORK'
  /** The step found nothing to go on with. */
  | 'NO_RESULT'
  /** The account at the provider has no credit. */
  | 'PAYMENT_REQUIRED'
  /** The model has no known price. */
  | 'PRICE_UNKNOWN'
  /** The provider was unavailable. Retried. */
  | 'PROVIDER_UNAVAILABLE'
  /** The provider limited the rate. Retried. */
  | 'RATE_LIMITED'
  /** A person changed the remote object. */
  | 'REMOTE_CONFLICT'
  /** The remote system did not say whether it carried out the request. The engine looks it up and does not repeat it. */
  | 'REMOTE_UNKNOWN'
  /** There was no answer in time. Retried. */
  | 'TIMEOUT'
  /** Units of the step have failed and wait for a person. */
  | 'UNITS_FAILED';

/** The seven steps. */
export type StepKey =
  /** Step 6, article generation. */
  | 'ARTICLE'
  /** Step 4, topic clustering. */
  | 'CLUSTERING'
  /** Step 2, competitor analysis. */
  | 'COMPETITOR'
  /** Step 1, ICP generation: describes the ideal customer. */
  | 'ICP'
  /** Step 7, publishing. */
  | 'PUBLISH'
  /** Step 3, seed review: a person reviews the seeds. */
  | 'SEED_REVIEW'
  /** Step 5, cluster validation. */
  | 'VALIDATION';

/**
 * The size of a call before it is made. The hold is the sum of bytes × the highest prompt price, the longest answer × the
 * highest completion price, and the fees per request, search and item: the maximum over all models that may answer. A
 * service, such as `service/dataforseo/labs`, stands in place of a model and has no tokens.
 */
export type UsageEstimateInput = {
  /** The most items of a service's answer, up to 100000: the `limit` that the request sends. */
  items?: number;
  /** The `max_tokens` of the request, including hidden reasoning. */
  maxCompletionTokens: number;
  /** The models that may answer: 1 to 8. `PRICE_UNKNOWN` when one of them has no known price. */
  models: Array<string>;
  /** The length of the serialized request in bytes. A token is at least one byte. */
  promptBytes: number;
  /** The maximum number of web searches. */
  webSearches?: number;
};

export type WorkAvailableSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type WorkAvailableSubscription = { workAvailable: { steps: Array<StepKey> } };

export type ClaimWorkMutationVariables = Exact<{
  leaseSeconds: number;
  idempotencyKey: string;
}>;


export type ClaimWorkMutation = { claimWork: { items: Array<{ workflow: { id: string }, run: { token: number }, input: { feedback: string | null, company: { name: string, url: string } } }>, userErrors: Array<
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
    > } };

export type RenewLeaseMutationVariables = Exact<{
  workflowId: string | number;
  token: number;
  leaseSeconds: number;
}>;


export type RenewLeaseMutation = { renewLease: { userErrors: Array<
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
    > } };

export type ReserveUsageMutationVariables = Exact<{
  workflowId: string | number;
  token: number;
  estimate: UsageEstimateInput;
  idempotencyKey: string;
}>;


export type ReserveUsageMutation = { reserveUsage: { call: { id: string } | null, userErrors: Array<
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
    > } };

export type SettleUsageMutationVariables = Exact<{
  callId: string | number;
  model: string;
  promptTokens: number;
  completionTokens: number;
  generationId: string;
}>;


export type SettleUsageMutation = { settleUsage: { userErrors: Array<
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
    > } };

export type ReleaseUsageMutationVariables = Exact<{
  callId: string | number;
  reason: string;
}>;


export type ReleaseUsageMutation = { releaseUsage: { userErrors: Array<
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
    > } };

export type CompleteStepMutationVariables = Exact<{
  workflowId: string | number;
  token: number;
  icp: CustomerProfileInput;
  model: string;
}>;


export type CompleteStepMutation = { completeStep: { userErrors: Array<
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
    > } };

export type FailStepMutationVariables = Exact<{
  workflowId: string | number;
  token: number;
  failureCode: FailureCode;
  message: string;
  retryAfter: number;
}>;


export type FailStepMutation = { failStep: { userErrors: Array<
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
      | { code: ErrorCode, message: string }
    > } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const WorkAvailableDocument = new TypedDocumentString(`
    subscription WorkAvailable {
  workAvailable(steps: [ICP]) {
    steps
  }
}
    `) as unknown as TypedDocumentString<WorkAvailableSubscription, WorkAvailableSubscriptionVariables>;
export const ClaimWorkDocument = new TypedDocumentString(`
    mutation ClaimWork($leaseSeconds: Int!, $idempotencyKey: String!) {
  claimWork(
    input: {steps: [ICP], max: 1, leaseSeconds: $leaseSeconds, idempotencyKey: $idempotencyKey}
  ) {
    items {
      workflow {
        id
      }
      run {
        token
      }
      input {
        company {
          name
          url
        }
        feedback
      }
    }
    userErrors {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<ClaimWorkMutation, ClaimWorkMutationVariables>;
export const RenewLeaseDocument = new TypedDocumentString(`
    mutation RenewLease($workflowId: ID!, $token: Int!, $leaseSeconds: Int!) {
  renewLease(
    input: {workflowId: $workflowId, token: $token, leaseSeconds: $leaseSeconds}
  ) {
    userErrors {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<RenewLeaseMutation, RenewLeaseMutationVariables>;
export const ReserveUsageDocument = new TypedDocumentString(`
    mutation ReserveUsage($workflowId: ID!, $token: Int!, $estimate: UsageEstimateInput!, $idempotencyKey: String!) {
  reserveUsage(
    input: {workflowId: $workflowId, step: ICP, token: $token, estimate: $estimate, idempotencyKey: $idempotencyKey}
  ) {
    call {
      id
    }
    userErrors {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<ReserveUsageMutation, ReserveUsageMutationVariables>;
export const SettleUsageDocument = new TypedDocumentString(`
    mutation SettleUsage($callId: ID!, $model: String!, $promptTokens: Int!, $completionTokens: Int!, $generationId: String!) {
  settleUsage(
    input: {callId: $callId, model: $model, promptTokens: $promptTokens, completionTokens: $completionTokens, generationId: $generationId}
  ) {
    userErrors {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<SettleUsageMutation, SettleUsageMutationVariables>;
export const ReleaseUsageDocument = new TypedDocumentString(`
    mutation ReleaseUsage($callId: ID!, $reason: String!) {
  releaseUsage(input: {callId: $callId, reason: $reason}) {
    userErrors {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<ReleaseUsageMutation, ReleaseUsageMutationVariables>;
export const CompleteStepDocument = new TypedDocumentString(`
    mutation CompleteStep($workflowId: ID!, $token: Int!, $icp: CustomerProfileInput!, $model: String!) {
  completeStep(
    input: {workflowId: $workflowId, token: $token, result: {icp: $icp, model: $model}}
  ) {
    userErrors {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<CompleteStepMutation, CompleteStepMutationVariables>;
export const FailStepDocument = new TypedDocumentString(`
    mutation FailStep($workflowId: ID!, $token: Int!, $failureCode: FailureCode!, $message: String!, $retryAfter: Int!) {
  failStep(
    input: {workflowId: $workflowId, token: $token, failureCode: $failureCode, message: $message, retryAfter: $retryAfter}
  ) {
    userErrors {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<FailStepMutation, FailStepMutationVariables>;