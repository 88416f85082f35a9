import type { ChatCompletion } from "openai/resources/chat/completions";
import type { GatewayError } from "#core/errors.ts";
import type { NativeAnswer, NativeDialect, NativeRequest } from "#core/providers/native.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import type { JsonRecord } from "#core/values/records.ts";

/**
 * An inbound dialect: how a client asks and is answered. It is two pure mappings around one chat completion. Admission,
 * routing, fallback, cache, guardrails, metering and cancel exist once, in core/chat and core/generation.
 */

export type { NativeAnswer, NativeRequest };

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
  /**
   * Why the translation is not the whole request. It is refused with this, unless the dialect's own provider takes it with the
   * caller's key. Only dialects with `native` have one; others throw.
   */
  readonly refusal?: GatewayError | undefined;
  /** The same for what the dialect's own provider takes with any key. */
  readonly untranslatable?: GatewayError | undefined;
}

/** How a dialect reaches a provider that speaks it, without translation. */
export interface NativePassage<Body> {
  readonly name: NativeDialect;
  /** What is asked for, where it is not an answer. */
  readonly operation?: "compact";
  /** The request as it may leave with the caller's own key: without what only the gateway understands. */
  readonly body: (body: Body) => JsonRecord;
  /** A whole answer of the platform's key, with what the gateway adds. */
  readonly answer?: (text: string, body: Body) => string;
  /** The frames of a stream of the platform's key, with what the gateway adds. */
  readonly frames?: (frames: AsyncIterable<Buffer | string>, body: Body) => AsyncIterable<Buffer | string>;
  /** Frames that end a stream which ran out of its money. @param state of the provider's adapter */
  readonly cutFrames: (state: JsonRecord) => string;
  /** Frames that end a stream which failed. */
  readonly failureFrames: (error: GatewayError, requestId: string, state: JsonRecord) => string;
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
  readonly name: NativeDialect;
  readonly wire: WireFormat;
  /** @throws GatewayError for what would otherwise be answered wrongly */
  readonly toChat: (body: Body, headers: SentHeaders) => TranslatedRequest;
  readonly answer: (completion: ChatCompletion, facts: AnswerFacts<Body>) => unknown;
  /** @param frames whole frames of `chat.completion.chunk`, with a usage frame and `[DONE]` at the end */
  readonly stream: (frames: AsyncIterable<Buffer | string>, facts: StreamFacts<Body>) => AsyncIterable<string>;
  /** What a field of a chat completion is called in the dialect, for `X-Warnings`. */
  readonly ownName?: (name: string) => string;
  /** Absent where every request is translated. */
  readonly native?: NativePassage<Body>;
}
