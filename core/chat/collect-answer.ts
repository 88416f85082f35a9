import type { ResolvedModel } from "#core/catalog/resolve.ts";
import type { EarlierEnd, Generation } from "#core/generation/generation.ts";
import { meteredUsage } from "#core/generation/metered-usage.ts";
import { coveredCharacters } from "#core/generation/reservation.ts";
import type { ProviderOutcome } from "#core/providers/provider.ts";
import type { Target } from "#core/routing/target.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { type BegunStream, callChat } from "./call-provider.ts";
import { ChunkReader, messageText } from "./chunk-reader.ts";

/** One model call whose answer we read ourselves: the arena's agents and vision. */

/** What serves a call. */
export interface Serving {
  readonly model: string;
  readonly provider: string;
  /** The provider says that it is a stand-in. */
  readonly simulated: boolean;
  /** Attempts that it took. */
  readonly attempts: number;
}

export interface CollectRequest {
  readonly generation: Generation;
  readonly targets: readonly Target[];
  /** A streamed request. */
  readonly body: ChatRequest;
  readonly completionId: string;
  readonly retries: number;
  readonly inputCharacters: number;
  readonly until?: EarlierEnd | undefined;
  /** Reserved for the answer, pico-dollars. */
  readonly reservedPicoUsd: bigint;
  /** Reserves as much again for an answer that outgrows it. False when the cap forbids it. */
  readonly reserveAgain: (picoUsd: bigint) => Promise<boolean>;
  /** Called once, before any text. `outcome` fills while the answer is read. */
  readonly onServing: (serving: Serving, outcome: ProviderOutcome) => void;
  readonly onText: (text: string) => void;
}

const readStream = async (reader: ChunkReader, reply: BegunStream, target: Target, request: CollectRequest) => {
  const { outcome } = reply;
  let reserved = request.reservedPicoUsd;
  for (const part of reply.head) request.onText(reader.push(part));
  for (let next = await reply.rest.next(); next.done !== true; next = await reply.rest.next()) {
    request.onText(reader.push(next.value));
    if (target.byok || outcome.finishReason !== undefined) continue;
    if (outcome.outputCharacters <= coveredCharacters(target.model.catalog, reserved)) continue;
    if (await request.reserveAgain(reserved)) {
      reserved *= 2n;
      continue;
    }
    // Counted before the end is noted: the provider has reported the usage of the beginning at most.
    outcome.usage = meteredUsage(outcome, request.inputCharacters);
    outcome.finishReason = "length";
    break;
  }
};

/** Calls a model and reads its whole answer. @throws GatewayError, ProviderFailure when the answer breaks off */
export const collectAnswer = async (request: CollectRequest): Promise<ChunkReader> => {
  const { generation, targets, body, completionId, retries, inputCharacters, until } = request;
  const call = callChat(body, completionId);
  const { reply, target } = await generation.attempt<ResolvedModel, Awaited<ReturnType<typeof call>>>({
    targets,
    call,
    retries,
    inputCharacters,
    until,
  });
  const { id: model, provider } = target.model;
  request.onServing(
    { model, provider, simulated: reply.simulated, attempts: generation.attempts.length },
    reply.outcome,
  );
  const reader = new ChunkReader();
  if (reply.kind === "completion") {
    reader.content = messageText(reply.completion.choices[0]?.message ?? {});
    request.onText(reader.content);
    return reader;
  }
  try {
    await readStream(reader, reply, target, request);
  } finally {
    await reply.rest.return?.();
  }
  return reader;
};
