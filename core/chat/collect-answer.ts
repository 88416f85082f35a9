import type { ResolvedModel } from "#core/catalog/resolve.ts";
import type { Generation } from "#core/generation/generation.ts";
import type { EarlierEnd } from "#core/generation/generation-parts.ts";
import type { CallMoney } from "#core/generation/paid-call.ts";
import type { ProviderOutcome } from "#core/providers/provider.ts";
import type { Target } from "#core/routing/target.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { type BegunStream, callChat } from "./call-provider.ts";
import type { ChatSize } from "./call-size.ts";
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
  /** Fields of the request that it left out or changed. */
  readonly warnings: readonly string[];
}

export interface CollectRequest {
  readonly generation: Generation;
  readonly targets: readonly Target[];
  /** A streamed request. */
  readonly body: ChatRequest;
  readonly completionId: string;
  readonly retries: number;
  readonly size: ChatSize;
  readonly purse: CallMoney<ResolvedModel>["purse"];
  readonly until?: EarlierEnd | undefined;
  /** Called once, before any text. `outcome` fills while the answer is read. */
  readonly onServing: (serving: Serving, outcome: ProviderOutcome, target: Target) => void;
  readonly onText: (text: string) => void;
  /** Called with each part of a streamed answer, before its text: whole frames. */
  readonly onPart?: ((part: Buffer | string) => void) | undefined;
}

const readStream = async (
  reader: ChunkReader,
  { head, rest }: BegunStream,
  { onText, onPart }: Pick<CollectRequest, "onText" | "onPart">,
) => {
  const take = (part: Buffer | string): void => {
    onPart?.(part);
    onText(reader.push(part));
  };
  for (const part of head) take(part);
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) take(next.value);
};

/** Calls a model and reads its whole answer. @throws GatewayError, ProviderFailure when the answer breaks off */
export const collectAnswer = async (request: CollectRequest): Promise<ChunkReader> => {
  const { generation, targets, body, completionId, retries, size, purse, until } = request;
  const call = callChat(body, size, completionId);
  const { reply, target } = await generation.attempt<ResolvedModel, Awaited<ReturnType<typeof call>>>({
    targets,
    call,
    money: { size, purse },
    retries,
    until,
  });
  const { id: model, provider } = target.model;
  request.onServing(
    {
      model,
      provider,
      simulated: reply.simulated,
      attempts: generation.attempts.length,
      warnings: reply.warnings,
    },
    reply.outcome,
    target,
  );
  const reader = new ChunkReader();
  if (reply.kind === "completion") {
    reader.content = messageText(reply.completion.choices[0]?.message ?? {});
    request.onText(reader.content);
    return reader;
  }
  try {
    await readStream(reader, reply, request);
  } finally {
    await reply.rest.return?.();
  }
  return reader;
};
