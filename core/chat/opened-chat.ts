import type { GatewayError } from "#core/errors.ts";
import type { NativeAnswer } from "#core/providers/native.ts";
import type { ChatBill } from "./chat-generation.ts";

type AnswerHeaders = Readonly<Record<string, string>>;

interface Answered {
  readonly headers: AnswerHeaders;
  /** Set where the answer is in the dialect of the request. */
  readonly native?: NativeAnswer | undefined;
}

/** A chat completion under its guardrails. Ask for one of the two answers, once. */
export interface OpenChat {
  /** Fires at the deadline and when the request is cancelled. */
  readonly signal: AbortSignal;
  /** Notes a failure in the stream and turns it into what the caller sees. */
  readonly fail: (thrown: unknown) => GatewayError;
  /** @throws GatewayError */
  readonly whole: () => Promise<Answered & { readonly completion: unknown }>;
  /** Resolves with the first content. @throws GatewayError */
  readonly stream: () => Promise<Answered & { readonly frames: AsyncIterable<Buffer | string> }>;
  /** What the answer has used until now. */
  readonly bill: () => ChatBill;
}
