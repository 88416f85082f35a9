import type { ResolvedModel } from "#core/catalog/resolve.ts";
import type { PaidAttempt } from "#core/generation/paid-call.ts";
import { mostPrices } from "#core/generation/reservation.ts";
import { type NativeRequest, speaksDialect } from "#core/providers/native.ts";
import {
  type CompletionReply,
  type ProviderCredential,
  type ProviderTimeouts,
  type StreamReply,
  withOutcome,
  withoutKeyOf,
} from "#core/providers/provider.ts";
import { chatProvider } from "#core/providers/registry.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import type { ChatSize } from "./call-size.ts";
import { holdToMoney } from "./hold-to-money.ts";

/** A stream that has begun: its first content is here, and no other target will be tried. */
export interface BegunStream extends StreamReply {
  readonly head: readonly (Buffer | string)[];
  readonly rest: AsyncIterator<Buffer | string>;
}

export type ChatReply = CompletionReply | BegunStream;

/** Until the headers of a stream, ms: providers send them at once and think later. */
const streamHeadersMs = 60_000;
/** Between two reads of a stream, ms. */
const streamIdleMs = 120_000;

const timeoutsOf = (streamed: boolean, remainingMs: number): ProviderTimeouts => ({
  headersMs: streamed ? Math.min(remainingMs, streamHeadersMs) : remainingMs,
  idleMs: streamed ? Math.min(remainingMs, streamIdleMs) : remainingMs,
});

/** Reads a stream until its first content, so that an early failure can still be followed by another attempt. */
const begin = async (reply: StreamReply, credential: ProviderCredential): Promise<BegunStream> => {
  const rest = withoutKeyIn(reply.frames[Symbol.asyncIterator](), credential);
  const head: (Buffer | string)[] = [];
  try {
    while (!reply.outcome.contentStarted) {
      const next = await rest.next();
      if (next.done === true) break;
      head.push(next.value);
    }
  } catch (error) {
    throw withOutcome(error, reply.outcome);
  }
  return { ...reply, head, rest };
};

/** The rest of a stream: a failure in it passes nobody else who knows the key. */
const withoutKeyIn = (
  frames: AsyncIterator<Buffer | string>,
  credential: ProviderCredential,
): AsyncIterator<Buffer | string> => ({
  next: () =>
    frames.next().catch((error: unknown) => {
      throw withoutKeyOf(error, credential);
    }),
  return: async () => (await frames.return?.()) ?? { done: true, value: undefined },
});

/**
 * The request as it came, where its provider speaks its dialect.
 * @throws GatewayError for what only the dialect's own provider can take, with the caller's key
 */
const spokenTo = (
  native: NativeRequest,
  { target, credential }: PaidAttempt<ResolvedModel>,
): NativeRequest | undefined => {
  const { refusal, untranslatable, dialect } = native;
  const speaks = speaksDialect(target.model, dialect, credential);
  if (untranslatable !== undefined && !speaks) throw untranslatable;
  if (refusal !== undefined && !(speaks && credential.byok)) throw refusal;
  return speaks ? native : undefined;
};

const namedOnce = (names: readonly string[]): readonly string[] => [...new Set(names)];

/** Makes one call to a chat model. Resolves with the whole answer or its first content. */
export const callChat =
  (asked: ChatRequest, size: ChatSize, completionId: string, asCame?: NativeRequest) =>
  async (attempt: PaidAttempt<ResolvedModel>): Promise<ChatReply> => {
    const { target, credential, signal, remainingMs, grantedPicoUsd, tooLittle } = attempt;
    const spoken = asCame && spokenTo(asCame, attempt);
    const { model } = target;
    const held = holdToMoney({ request: asked, native: spoken }, model, size, { grantedPicoUsd, tooLittle });
    const { request, native, warnings } = held;
    const provider = await chatProvider(model.provider);
    const reply = await provider.chat({
      provider: model.provider,
      model: model.providerModel,
      request,
      credential,
      completionId,
      signal,
      timeouts: timeoutsOf(request.stream === true, remainingMs),
      native,
      ...(grantedPicoUsd === undefined ? {} : { mostPrices: mostPrices(model) }),
    });
    const named = warnings.length === 0 ? reply : { ...reply, warnings: namedOnce([...reply.warnings, ...warnings]) };
    return named.kind === "stream" ? begin(named, credential) : named;
  };
