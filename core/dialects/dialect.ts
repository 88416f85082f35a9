import type { ChatCompletion } from "openai/resources/chat/completions";
import type { GatewayError } from "#core/errors.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";

/**
 * An inbound dialect: how a client asks and is answered. It is two pure mappings around one chat completion. Admission,
 * routing, fallback, cache, guardrails, metering and cancel exist once, in core/chat and core/generation.
 */

/** How a dialect looks on the wire, apart from its answers: its errors, its silence and its end. */
export interface WireFormat {
  /** The status of an error. */
  readonly errorStatus: (error: GatewayError) => number;
  /** The body of an error. */
  readonly errorBody: (error: GatewayError, requestId: string) => unknown;
  /** An error after the status line, as frames of the stream. */
  readonly errorFrame: (error: GatewayError, requestId: string) => string;
  /** Sent after 15 s of silence. */
  readonly heartbeat: string;
  /** Whether a frame is the end of a whole stream: one that fails late ends without it. */
  readonly isEnd: (frame: string) => boolean;
  /** Headers of every answer, errors too. */
  readonly headers: (requestId: string) => Readonly<Record<string, string>>;
}

export type SentHeaders = Readonly<Record<string, string | undefined>>;

/** A request in the core's terms. */
export interface TranslatedRequest {
  readonly request: ChatRequest;
  /** Names of what has no counterpart and was left out, for `X-Warnings`. */
  readonly warnings: readonly string[];
  /** Why no translated target can serve the request; only a target that speaks the dialect itself can. */
  readonly refusal?: GatewayError | undefined;
}

/** What an answer is made of, apart from the completion. */
export interface AnswerFacts<Body> {
  readonly requestId: string;
  /** Unix ms. */
  readonly startedAtMs: number;
  /** As it was asked. */
  readonly body: Body;
  /** As it was translated. */
  readonly request: ChatRequest;
}

export interface StreamFacts<Body> extends AnswerFacts<Body> {
  /**
   * Notes a failure and turns it into what the caller sees. For a dialect whose late errors depend on what has been sent: it
   * catches what `frames` throws, and ends. What it does not catch leaves as `wire.errorFrame`.
   */
  readonly fail: (thrown: unknown) => GatewayError;
}

/** One inbound dialect. `Body` is its validated request. */
export interface Dialect<Body> {
  readonly wire: WireFormat;
  /** @throws GatewayError for what would otherwise be answered wrongly */
  readonly toChat: (body: Body, headers: SentHeaders) => TranslatedRequest;
  readonly answer: (completion: ChatCompletion, facts: AnswerFacts<Body>) => unknown;
  /** @param frames whole frames of `chat.completion.chunk`, with a usage frame and `[DONE]` at the end */
  readonly stream: (frames: AsyncIterable<Buffer | string>, facts: StreamFacts<Body>) => AsyncIterable<string>;
}
