import { toProviderFailure } from "#core/providers/http-transport.ts";
import type { ChatProvider, ProviderCall, ProviderOutcome, ProviderReply } from "#core/providers/provider.ts";
import type { AnswerFacts } from "./answer-facts.ts";
import type { Dialect } from "./dialect.ts";
import { exchange } from "./exchange.ts";
import { readCompletion } from "./from-response.ts";
import { StreamTap } from "./stream-tap.ts";

/** The frames of a response's body through a tap. A connection that breaks after a whole answer is ignored. @throws ProviderFailure */
export async function* tappedFrames(
  call: Pick<ProviderCall, "provider" | "signal" | "request">,
  body: AsyncIterable<Buffer>,
  tap: StreamTap,
  outcome: ProviderOutcome,
): AsyncGenerator<Buffer | string, void, undefined> {
  try {
    for await (const bytes of body) {
      const ready = tap.push(bytes);
      if (ready.length > 0) yield ready;
      tap.throwFault();
    }
  } catch (error) {
    const failure = toProviderFailure(call.provider, error, call.signal);
    const isWhole = outcome.finishReason !== undefined && (call.request.n ?? 1) === 1;
    // The caller has the whole answer and can do nothing about how the connection ended.
    if (!isWhole || failure.kind === "aborted") throw failure;
    yield tap.finish();
    return;
  }
  const rest = tap.end();
  if (rest.length > 0) yield rest;
}

/** One call of POST <base>/chat/completions in a provider's dialect. @throws ProviderFailure, or GatewayError before any call */
const chat = async (dialect: Dialect, call: ProviderCall): Promise<ProviderReply> => {
  const { provider } = call;
  const { body, warnings } = await dialect.toRequest(call);
  const facts: AnswerFacts = {
    completionId: call.completionId,
    model: call.model,
    createdSeconds: Math.floor(Date.now() / 1_000),
  };
  const optionsOf = (outcome: ProviderOutcome) => ({
    provider,
    outcome,
    facts,
    choices: call.request.n ?? 1,
    reasoning: dialect.reasoning,
    rewriter: dialect.newAnswer?.(call),
  });
  return exchange(call, {
    path: "/chat/completions",
    headers: dialect.headers,
    body,
    warnings,
    completion: (text, outcome) => readCompletion(text, optionsOf(outcome)),
    frames: (bytes, outcome) => tappedFrames(call, bytes, new StreamTap(optionsOf(outcome)), outcome),
  });
};

/** A provider that speaks OpenAI's chat completions, in its own dialect. */
export const openAiShaped = (dialect: Dialect): ChatProvider => ({ chat: (call) => chat(dialect, call) });
