import type { Agent as HttpAgent } from "node:http";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";
import type { AwsIdentity } from "#core/aws/signature.ts";
import type { ChatProviderId, ProviderId } from "#core/catalog/provider-ids.ts";
import type { TokenUsage } from "#core/catalog/token-usage.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import type { JsonRecord } from "#core/values/records.ts";
import type { FailureKind } from "./failure-kind.ts";
import { type FailureReason, reasonOf } from "./failure-reason.ts";
import type { NativeAnswer, NativeRequest } from "./native.ts";
import { withoutKey } from "./safe-message.ts";

export type { FailureKind } from "./failure-kind.ts";

/** How a caller's custom provider is asked, beyond its base URL. */
export interface CustomAccess {
  readonly protocol: "openai" | "anthropic";
  readonly authHeader: "authorization" | "api-key" | "x-api-key";
  /** The query parameter `api-version` of Azure. */
  readonly apiVersion: string | undefined;
  /** Connects to addresses that have passed the guard only. */
  readonly agent: HttpAgent;
}

interface CredentialFacts {
  /** As the vendor's SDK has it: OpenAI's ends in `/v1`, Anthropic's is the root. */
  readonly baseUrl: string;
  /** The caller's own key (BYOK) rather than the platform's. */
  readonly byok: boolean;
  /** Id of the caller's key; undefined for the platform's. A job remembers it, to be polled with the same key. */
  readonly providerKeyId?: string | undefined;
}

/** A call with a key. It never leaves this object but for the provider's own header. */
export interface KeyCredential extends CredentialFacts {
  readonly apiKey: string;
  readonly aws?: undefined;
  /** Set for a custom provider, whose key goes to its own base URL only. */
  readonly custom?: CustomAccess | undefined;
}

/** A call that AWS's signature proves: Amazon Bedrock's alone. The secret signs, and is never sent. */
export interface SigningCredential extends CredentialFacts {
  readonly aws: AwsIdentity;
  /** Hears of AWS's code where it refused the signature. */
  readonly onRefused?: (code: string | undefined) => void;
  readonly apiKey?: undefined;
  readonly custom?: undefined;
}

/** Where and as whom a provider is called. */
export type ProviderCredential = KeyCredential | SigningCredential;

export interface ProviderTimeouts {
  /** From the call to the response headers, ms. */
  readonly headersMs: number;
  /** Between two reads of the body, ms. */
  readonly idleMs: number;
}

/** One attempt at one provider. */
export interface ProviderCall {
  readonly provider: ChatProviderId;
  /** The provider's own id of the model. */
  readonly model: string;
  /** The validated request, with the gateway's own fields still in it: each adapter picks what its provider takes. */
  readonly request: ChatRequest;
  readonly credential: ProviderCredential;
  /** `chatcmpl_…` id for answers of providers that have another id form. */
  readonly completionId: string;
  readonly signal: AbortSignal;
  readonly timeouts: ProviderTimeouts;
  /** The same request in the dialect in which it came, for a provider that speaks it. */
  readonly native?: NativeRequest | undefined;
  /** The highest prices that the money for the call covers, micro-dollars for a million tokens. Absent where nothing holds it. */
  readonly mostPrices?: { readonly input: number; readonly output: number } | undefined;
}

export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";

/** What is known of an answer so far. A stream fills it while it flows; it is complete once `frames` ended. */
export interface ProviderOutcome {
  usage: TokenUsage | undefined;
  /** The usage as an OpenAI-shaped provider reported it, with its own additions. `usage` has the counts. */
  reportedUsage: JsonRecord | undefined;
  finishReason: FinishReason | undefined;
  /** The model as the provider names it. */
  responseModel: string | undefined;
  /** The answer's own id, when it is the provider's rather than `completionId`. */
  responseId: string | undefined;
  /** Whether anything that the caller would see (text, reasoning, a tool call, a refusal, an end) has come. */
  contentStarted: boolean;
  /** Characters of text and arguments so far, for an estimate when usage never comes. */
  outputCharacters: number;
}

export const newOutcome = (): ProviderOutcome => ({
  usage: undefined,
  reportedUsage: undefined,
  finishReason: undefined,
  responseModel: undefined,
  responseId: undefined,
  contentStarted: false,
  outputCharacters: 0,
});

interface ProviderReplyFacts {
  readonly outcome: ProviderOutcome;
  /** The upstream said of itself that it is a stand-in. */
  readonly simulated: boolean;
  /** Names of request fields that were dropped or clamped for this provider, for `X-Warnings`. */
  readonly warnings: readonly string[];
  /** Set where the provider answered in the dialect of the request. */
  readonly native?: NativeAnswer | undefined;
}

export interface CompletionReply extends ProviderReplyFacts {
  readonly kind: "completion";
  readonly completion: ChatCompletion;
}

export interface StreamReply extends ProviderReplyFacts {
  readonly kind: "stream";
  /**
   * Whole SSE frames (`data: {chat.completion.chunk}\n\n`, one or more a part), without any usage-only frame and without
   * `[DONE]`; with `native`, the frames of its dialect. Ends normally only after a finish reason; otherwise throws a
   * `ProviderFailure`. Usage is in `outcome`.
   */
  readonly frames: AsyncIterable<Buffer | string>;
}

export type ProviderReply = CompletionReply | StreamReply;

/** A chat provider: opens one call and reads its answer. Throws `ProviderFailure`, or `GatewayError` for what the caller must change. */
export interface ChatProvider {
  chat(call: ProviderCall): Promise<ProviderReply>;
}

export interface FailureOptions {
  readonly status?: number | undefined;
  /** The provider's own message, already free of secrets. */
  readonly providerMessage?: string | undefined;
  readonly providerCode?: string | undefined;
  readonly param?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** The reason of a refusal, where only the provider's own object tells it. */
  readonly reason?: FailureReason | undefined;
  readonly cause?: unknown;
}

/**
 * A failed attempt at a provider. Never carries a key or a prompt.
 * Fields: what routing, metering and the error table each read from a failure.
 */
export class ProviderFailure extends Error {
  override readonly name = "ProviderFailure";
  readonly provider: ProviderId;
  readonly kind: FailureKind;
  readonly status: number | undefined;
  providerMessage: string | undefined;
  providerCode: string | undefined;
  param: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** Of a refusal, in OpenAI's own codes. */
  readonly reason: FailureReason | undefined;
  /** What was known of the answer when it failed. It may have to be paid, although nobody gets it. */
  outcome: ProviderOutcome | undefined;
  /** Whether the provider may have the whole request. Set where a connection failed before. */
  handedOver = true;
  /** Whether the provider had taken the work on before: it may do and bill it, whatever this failure says. */
  accepted = false;

  constructor(provider: ProviderId, kind: FailureKind, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.provider = provider;
    this.kind = kind;
    this.status = options.status;
    this.providerMessage = options.providerMessage;
    this.providerCode = options.providerCode;
    this.param = options.param;
    this.retryAfterMs = options.retryAfterMs;
    this.reason = options.reason ?? reasonOf(this);
  }
}

/** Failures that are the provider's own statement: it refused, and bills nothing unless it had begun to answer. */
const refusals: ReadonlySet<FailureKind> = new Set(["rate-limit", "server", "auth", "quota", "request"]);

/** Whether a failed attempt may have to be paid: the provider has the request, and has not refused it. */
export const mayBeBilled = ({ kind, status, handedOver, accepted, outcome }: ProviderFailure): boolean => {
  if (accepted) return true;
  if (outcome !== undefined && (outcome.contentStarted || outcome.usage !== undefined)) return true;
  if (refusals.has(kind) || (kind === "timeout" && status !== undefined)) return false;
  return handedOver;
};

/** Notes on a failure that it came after the provider had taken the work on. Gives the error back. */
export const afterAcceptance = (error: unknown): unknown => {
  if (error instanceof ProviderFailure) error.accepted = true;
  return error;
};

/** Notes on a failure what the provider had reported until then. Gives the error back. */
export const withOutcome = (error: unknown, outcome: ProviderOutcome): unknown => {
  if (error instanceof ProviderFailure) error.outcome ??= outcome;
  return error;
};

/** Takes the key that a call was made with out of what its provider said. Gives the error back. */
export const withoutKeyOf = (error: unknown, { apiKey = "" }: Pick<ProviderCredential, "apiKey">): unknown => {
  if (error instanceof ProviderFailure) {
    for (const name of ["providerMessage", "providerCode", "param"] as const) {
      const text = error[name];
      if (text !== undefined) error[name] = withoutKey(text, apiKey);
    }
  }
  return error;
};

export type { ChatCompletion, ChatCompletionChunk };
