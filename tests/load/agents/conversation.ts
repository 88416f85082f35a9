import { costPicoUsd } from "#core/catalog/cost.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { type AgentDialect, type Answered, agents, type Gateway, toolNames } from "./agent.ts";

/**
 * One long conversation of an agent: each turn asks for two tools at once, gives back words and an image, and is answered. The
 * model changes on the way, also between a call and its result, and some streams are cut in mid-call and asked again.
 */

export interface Exchange {
  readonly requestId: string;
  readonly model: string;
  /** Undefined for a stream that was cut. */
  readonly answered: Answered | undefined;
  readonly sentBytes: number;
}

export interface LongOptions {
  readonly turns: number;
  /** Characters that each turn of the user, and each result in words, has. */
  readonly filler: number;
  readonly models: readonly string[];
  /** Every so many turns a stream is cut and asked again. */
  readonly cutEvery: number;
  /** Every so many turns the model changes; every so many, also between a call and its result. */
  readonly switchEvery: number;
}

export interface Conversed {
  readonly dialect: AgentDialect;
  readonly exchanges: readonly Exchange[];
  readonly history: readonly unknown[];
  /** Words of the last turn, by which its request is found at the provider. */
  readonly marker: string;
}

/** Models of four providers that read images. */
export const agentModels = ["claude", "gpt", "gemini", "grok"] as const;

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const cut = "[[simulate: chunks=6 cut-after=4 chunk-delay-ms=0]]";
const plain = "[[simulate: cached=3 chunk-delay-ms=0]]";

/** Notes the id and the size of each request on its way. */
class Wire {
  requestId = "";
  sentBytes = 0;

  readonly fetch: typeof fetch = async (input, init) => {
    this.sentBytes = typeof init?.body === "string" ? Buffer.byteLength(init.body) : 0;
    const response = await fetch(input, init);
    this.requestId = response.headers.get("x-request-id") ?? "";
    return response;
  };
}

const requireThat = (holds: boolean, what: string, found: unknown): void => {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(found)}`);
};

/** Holds a conversation. @throws Error for an answer that is not what the turn had to bring */
export const converse = async (gateway: Gateway, dialect: AgentDialect, options: LongOptions): Promise<Conversed> => {
  const { turns, filler, models, cutEvery, switchEvery } = options;
  const wire = new Wire();
  const agent = agents[dialect](gateway, wire.fetch);
  const exchanges: Exchange[] = [];
  const modelOf = (position: number): string => models[position % models.length] ?? "";
  const ask = async (model: string): Promise<Answered> => {
    let answered: Answered | undefined;
    try {
      answered = await agent.ask(model);
      return answered;
    } finally {
      const { requestId, sentBytes } = wire;
      exchanges.push({ requestId, model, answered, sentBytes });
    }
  };
  let marker = "";
  for (let turn = 0; turn < turns; turn++) {
    marker = `${dialect}-turn-${turn}-${exchanges[0]?.requestId ?? "first"}`;
    const words = `${marker} Use read_notes and take_photo. ${"x".repeat(filler)}`;
    const position = Math.floor(turn / switchEvery);
    if (turn % cutEvery === cutEvery - 1) {
      agent.say(`${words} ${cut}`);
      const failed = await ask(modelOf(position)).then(
        () => false,
        () => true,
      );
      requireThat(failed, "A stream that was cut was taken for whole", marker);
      agent.reword(`${words} ${plain}`);
    } else agent.say(`${words} ${plain}`);
    const { calls } = await ask(modelOf(position));
    const called = calls.map(({ name }) => name).toSorted();
    requireThat(called.join() === toolNames.join(), "Two tools were to be called at once", { marker, calls });
    requireThat(new Set(calls.map(({ id }) => id)).size === calls.length, "Two calls have one id", calls);
    const notes = `Notes of ${marker} ${"y".repeat(filler)}`;
    agent.give(calls.map((call) => ({ call, text: notes, ...(call.name === "take_photo" ? { image: pixel } : {}) })));
    // Sometimes another model goes on with what the one before it has called.
    const { text } = await ask(modelOf(turn % switchEvery === 0 ? position + 1 : position));
    requireThat(text.includes(`Notes of ${marker}`), "The answer does not rest on the results", { marker, text });
  }
  return { dialect, exchanges, history: agent.history, marker };
};

const expectedCost = (model: string, answered: Answered, atMs: number): bigint | undefined => {
  const { inputTokens, cachedTokens: cachedInputTokens, outputTokens } = answered;
  return costPicoUsd(resolveModel(model).catalog, { ...noTokens, inputTokens, cachedInputTokens, outputTokens }, atMs);
};

/** What the usage events say otherwise than the answers did. */
export const faultsIn = ({ dialect, exchanges }: Conversed, events: readonly UsageEvent[]): readonly string[] => {
  const byRequest = new Map(events.map((event) => [event.requestId, event]));
  return exchanges.flatMap(({ requestId, model, answered }) => {
    const event = byRequest.get(requestId);
    if (event === undefined) return [`${requestId} has no usage event`];
    if (event.dialect !== dialect) return [`${requestId} is booked for ${event.dialect}`];
    if (answered === undefined) return event.status === "ok" ? [`${requestId} was cut and is booked as whole`] : [];
    const { inputTokens, cachedTokens, outputTokens } = answered;
    const cost = expectedCost(model, answered, event.startedAt);
    const told = `${inputTokens}/${cachedTokens}/${outputTokens}/${cost}`;
    const booked = `${event.inputTokens}/${event.cachedInputTokens}/${event.outputTokens}/${event.costPicoUsd}`;
    const isExact = event.status === "ok" && !event.estimated && told === booked;
    return isExact
      ? []
      : [`${requestId} on ${model} was answered with ${told} and booked as ${event.status} ${booked}`];
  });
};
