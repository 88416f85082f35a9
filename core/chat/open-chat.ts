import { cacheSettings } from "#core/cache/cache-settings.ts";
import type { RequestContext } from "#core/context.ts";
import type { GatewayError } from "#core/errors.ts";
import type { Caller } from "#core/generation/caller.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { type ChatBill, ChatGeneration } from "./chat-generation.ts";
import { guardedCompletion, guardedFrames } from "./guarded-answer.ts";
import { withHeaderFields } from "./header-fields.ts";
import { prepareRequest } from "./prepare-request.ts";

/** What a chat completion is asked with. */
export interface ChatOpening {
  readonly body: ChatRequest;
  /** `X-Cache`, `X-Cache-TTL`, `X-Guardrails`, `X-Fallback`, `X-Retries` and `X-Timeout-Ms` are read. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly caller: Caller;
}

type AnswerHeaders = Readonly<Record<string, string>>;

/** A chat completion under its guardrails. Ask for one of the two answers, once. */
export interface OpenChat {
  /** Fires at the deadline and when the request is cancelled. */
  readonly signal: AbortSignal;
  /** Notes a failure in the stream and turns it into what the caller sees. */
  readonly fail: (thrown: unknown) => GatewayError;
  /** @throws GatewayError */
  readonly whole: () => Promise<{ readonly completion: unknown; readonly headers: AnswerHeaders }>;
  /** Resolves with the first content. @throws GatewayError */
  readonly stream: () => Promise<{ readonly frames: AsyncIterable<Buffer | string>; readonly headers: AnswerHeaders }>;
  /** What the answer has used until now. */
  readonly bill: () => ChatBill;
}

/**
 * Makes a chat completion of a request: its prompt rendered, its input judged, its cache and provider key chosen. Every
 * endpoint whose answer is one model's goes through here. @throws GatewayError
 */
export const openChat = async (call: RequestContext, { body, headers, caller }: ChatOpening): Promise<OpenChat> => {
  const prepared = await prepareRequest(withHeaderFields(body, headers), headers);
  const { request, outputGuard } = prepared;
  if (prepared.findings.length > 0) call.log.guardrail_findings = prepared.findings.map(({ type }) => type);
  const chat = new ChatGeneration(call, request, {
    ...caller,
    cache: cacheSettings(headers, request),
    guardrailsKey: prepared.guardrailsKey,
    promptVersion: prepared.promptVersion,
  });
  return {
    signal: chat.signal,
    fail: (thrown) => chat.fail(thrown),
    bill: () => chat.bill,
    whole: async () => {
      const { completion, headers: answered } = await chat.run();
      return {
        completion: outputGuard === undefined ? completion : await guardedCompletion(completion, chat, outputGuard),
        headers: { ...answered, ...prepared.headers },
      };
    },
    stream: async () => {
      const { frames, headers: answered } = await chat.start();
      return {
        frames: outputGuard === undefined ? frames : await guardedFrames(frames, chat, outputGuard),
        headers: { ...answered, ...prepared.headers },
      };
    },
  };
};
