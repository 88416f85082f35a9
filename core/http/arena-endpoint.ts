import { eventFrame } from "#core/arena/events.ts";
import { arenaFrames, wholeArena } from "#core/arena/run-arena.ts";
import { RunContext } from "#core/arena/run-context.ts";
import { type GatewayError, toGatewayError } from "#core/errors.ts";
import type { ArenaRequest } from "#core/schemas/arena.ts";
import { keyPrincipal } from "./authenticate.ts";
import { eventStream } from "./event-stream.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";

/** What does not fit into this is cut after a whole round, ms. */
const runTimeoutMs = 14 * 60_000;
const unstreamedTimeoutMs = 290_000;

const errorEvent = (error: GatewayError): string =>
  eventFrame({ name: "error", data: { error: error.toBody().error } });

/** Serves one arena request, streamed or not: chat, battle, fight and multi-instance go through here. */
export const serveArena = async (call: Call<unknown>, request: ArenaRequest): Promise<EndpointResult> => {
  const run = new RunContext({
    context: call,
    principal: keyPrincipal(call),
    providerKeySlug: call.headers["x-provider-key"],
    timeoutMs: request.stream ? runTimeoutMs : unstreamedTimeoutMs,
    maxCostUsd: request.maxCostUsd,
  });
  const characters = request.message.length + request.history.reduce((sum, { content }) => sum + content.length, 0);
  await run.open(request.models, characters, request.maxTokens);
  if (request.stream) {
    const start = Promise.resolve({ frames: arenaFrames(run, request), headers: {} });
    return eventStream({ start, toError: toGatewayError, signal: run.signal, errorFrame: errorEvent });
  }
  const { answers, usage, costUsd } = await wholeArena(run, request);
  const id = call.requestId;
  if (request.mode !== "chat") {
    return { status: 200, json: { success: true, data: { id, message: request.message, answers, usage, costUsd } } };
  }
  const [answer] = answers;
  return {
    status: 200,
    json: { success: true, data: { id, model: answer?.model, content: answer?.content, usage, costUsd } },
  };
};
