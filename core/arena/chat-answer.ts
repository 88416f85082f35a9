import type { ChatCompletion } from "openai/resources/chat/completions";
import { toUsd } from "#core/catalog/cost.ts";
import { chunksOf, messageText, StreamedText } from "#core/chat/chunk-reader.ts";
import type { OpenChat } from "#core/chat/opened-chat.ts";
import type { RequestContext } from "#core/context.ts";
import { toOpenAiUsage } from "#core/providers/openai/usage.ts";
import type { ArenaRequest } from "#core/schemas/arena.ts";
import { type ArenaEvent, eventFrame } from "#core/schemas/arena-events.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { messagesOf } from "./opening.ts";

/** The mode `chat`: one model's chat completion in the platform's own shapes. */

/** Ms for a whole answer: /api/chat has no `timeout` of its own, so it takes the longest of a chat completion. */
const streamedTimeoutMs = 300_000;
const unstreamedTimeoutMs = 290_000;

/** The chat completion that a request in the mode `chat` is. */
export const toChatCompletion = (request: ArenaRequest): ChatRequest => ({
  model: request.models[0] ?? "",
  messages: [...messagesOf(request)],
  ...(request.maxTokens === undefined ? {} : { max_completion_tokens: request.maxTokens }),
  ...(request.stream
    ? { stream: true, stream_options: { include_usage: true }, timeout: streamedTimeoutMs }
    : { timeout: unstreamedTimeoutMs }),
});

/** The part of the running request that is shown. */
type Call = Pick<RequestContext, "requestId" | "startedAt">;
type ReportedUsage = ChatCompletion["usage"] | null;

/** A stored answer tells the tokens that it once took, and costs nothing. */
const billOf = (chat: OpenChat, reported: ReportedUsage) => {
  const { usage: counted, costPicoUsd } = chat.bill();
  const usage = reported ?? toOpenAiUsage(counted);
  return {
    usage: {
      inputTokens: usage.prompt_tokens,
      outputTokens: usage.completion_tokens,
      totalTokens: usage.total_tokens,
    },
    costUsd: costPicoUsd === undefined ? null : toUsd(costPicoUsd),
  };
};

/** The whole answer. @throws GatewayError */
export const wholeChat = async (call: Call, chat: OpenChat) => {
  const { completion, headers } = await chat.whole();
  const { choices, usage } = completion as ChatCompletion;
  const [choice] = choices;
  const data = {
    id: call.requestId,
    model: headers["x-model-used"] ?? "",
    content: messageText(choice?.message ?? {}),
    finishReason: choice?.finish_reason ?? "stop",
    ...billOf(chat, usage),
  };
  return { data, headers };
};

/** A streamed chat as the caller sees it. */
export interface StreamedChat {
  readonly request: ArenaRequest;
  readonly chat: OpenChat;
  /** Whether `maxCostUsd` decides how long the answer may get. */
  readonly boundByCost: boolean;
}

async function* chatEvents(
  call: Call,
  { request, chat, boundByCost }: StreamedChat,
  frames: AsyncIterable<Buffer | string>,
  modelUsed: string,
): AsyncGenerator<string, void, undefined> {
  const { requestId: runId } = call;
  const agent = { agentId: "agent-1", model: request.models[0] ?? "" };
  const round = 1;
  const opening: readonly ArenaEvent[] = [
    { name: "run.start", data: { runId, mode: "chat", message: request.message, rounds: 1, agents: [agent] } },
    { name: "agent.start", data: { ...agent, round } },
  ];
  yield opening.map(eventFrame).join("");
  const said = new StreamedText();
  let content = "";
  let finishReason: string = "stop";
  let reported: ReportedUsage;
  for await (const part of frames) {
    let added = "";
    for (const { choices, usage } of chunksOf(part)) {
      added += said.push(choices[0]?.delta ?? {});
      finishReason = choices[0]?.finish_reason ?? finishReason;
      reported = usage ?? reported;
    }
    if (added === "") continue;
    content += added;
    yield eventFrame({ name: "agent.delta", data: { agentId: agent.agentId, round, text: added } });
  }
  const ms = Math.round(performance.now() - call.startedAt);
  const bill = billOf(chat, reported);
  const cut = boundByCost && finishReason === "length" ? "cost" : null;
  const ending: readonly ArenaEvent[] = [
    {
      name: "agent.end",
      data: { ...agent, modelUsed, round, content, finishReason, citations: [], ...bill, latencyMs: ms },
    },
    {
      name: "done",
      data: { runId, winner: null, ...bill, durationMs: ms, cut, agreement: null, stable: false, leaderboard: [] },
    },
  ];
  yield ending.map(eventFrame).join("");
}

/** The answer's events. Resolves with the first content, so that an early failure is a true status. @throws GatewayError */
export const startChat = async (call: Call, streamed: StreamedChat) => {
  const { frames, headers } = await streamed.chat.stream();
  return { frames: chatEvents(call, streamed, frames, headers["x-model-used"] ?? ""), headers };
};
