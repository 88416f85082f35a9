import { startChat, toChatCompletion, wholeChat } from "#core/arena/chat-answer.ts";
import { withinCost } from "#core/arena/cost-bound.ts";
import { ModelRun } from "#core/arena/model-run.ts";
import { openingOf } from "#core/arena/opening.ts";
import { arenaFrames, wholeArena } from "#core/arena/run-arena.ts";
import { openChat } from "#core/chat/open-chat.ts";
import { toGatewayError } from "#core/errors.ts";
import type { ArenaRequest } from "#core/schemas/arena.ts";
import { callerOf, guardedCallerOf } from "./authenticate.ts";
import { errorEvent } from "./error-event.ts";
import { eventStream } from "./event-stream.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";

/** What does not fit into this is cut after a whole round, ms. */
const runTimeoutMs = 14 * 60_000;
const unstreamedTimeoutMs = 290_000;

/** One model: a chat completion in the platform's shapes. */
const serveChat = async (call: Call<unknown>, request: ArenaRequest): Promise<EndpointResult> => {
  const { headers: sent } = call;
  const caller = guardedCallerOf(call);
  const { body, byCost } = withinCost(toChatCompletion(request), request.maxCostUsd, caller);
  const chat = await openChat(call, { body, headers: sent, caller });
  if (request.stream) {
    const start = startChat(call, { request, chat, boundByCost: byCost });
    return eventStream({ start, toError: chat.fail, signal: chat.signal, errorFrame: errorEvent });
  }
  const { data, headers } = await wholeChat(call, chat);
  return { status: 200, json: { success: true, data }, headers };
};

/** Several models. @throws GatewayError */
const serveRun = async (call: Call<unknown>, request: ArenaRequest): Promise<EndpointResult> => {
  const run = new ModelRun({
    call,
    caller: callerOf(call),
    timeoutMs: request.stream ? runTimeoutMs : unstreamedTimeoutMs,
    maxCostUsd: request.maxCostUsd,
  });
  const characters = request.message.length + request.history.reduce((sum, { content }) => sum + content.length, 0);
  await run.open(request.models, openingOf(request), characters);
  if (request.stream) {
    const start = Promise.resolve({ frames: arenaFrames(run, request), headers: run.headers });
    return eventStream({ start, toError: toGatewayError, signal: run.signal, errorFrame: errorEvent });
  }
  const { answers, usage, costUsd } = await wholeArena(run, request);
  const { requestId: id } = call;
  return {
    status: 200,
    json: { success: true, data: { id, message: request.message, answers, usage, costUsd } },
    headers: run.headers,
  };
};

/** Serves one arena request, streamed or not: chat, battle, fight and multi-instance go through here. */
export const serveArena = (call: Call<unknown>, request: ArenaRequest): Promise<EndpointResult> =>
  request.mode === "chat" ? serveChat(call, request) : serveRun(call, request);
