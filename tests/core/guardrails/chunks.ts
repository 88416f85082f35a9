import type { ChatCompletionChunk } from "openai/resources/chat/completions";

/** A chunk with one choice, as providers send it. */
export const chunk = (
  delta: object,
  { index = 0, finish = null }: { readonly index?: number; readonly finish?: string | null } = {},
): ChatCompletionChunk =>
  ({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "gpt-test",
    choices: [{ index, delta, logprobs: null, finish_reason: finish }],
  }) as unknown as ChatCompletionChunk;

export const say = (content: string, index = 0): ChatCompletionChunk => chunk({ content }, { index });
export const finish = (reason = "stop", index = 0): ChatCompletionChunk => chunk({}, { index, finish: reason });

type Loose = Record<string, unknown>;

/** What a client would have put together of one choice. */
export interface Assembled {
  readonly texts: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly finishReasons: readonly string[];
  readonly guardrails: unknown;
}

export const assemble = (chunks: readonly ChatCompletionChunk[], index = 0): Assembled => {
  const texts: Record<string, string> = {};
  const args: string[] = [];
  const finishReasons: string[] = [];
  let guardrails: unknown;
  for (const choice of chunks.flatMap(({ choices }) => choices)) {
    if (choice.index !== index) continue;
    for (const [field, value] of Object.entries(choice.delta as Loose)) {
      if (field !== "role" && typeof value === "string") texts[field] = (texts[field] ?? "") + value;
    }
    for (const call of choice.delta.tool_calls ?? []) {
      args[call.index] = (args[call.index] ?? "") + (call.function?.arguments ?? "");
    }
    if (choice.finish_reason !== null) finishReasons.push(choice.finish_reason);
    guardrails = (choice as unknown as Loose).guardrails ?? guardrails;
  }
  return { texts, args, finishReasons, guardrails };
};

/** Cuts a text at every place that a list of lengths names, over and over. */
export const cut = (text: string, lengths: readonly number[]): string[] => {
  const pieces: string[] = [];
  for (let at = 0, turn = 0; at < text.length; turn += 1) {
    const length = Math.max(1, lengths[turn % lengths.length] ?? 1);
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
};
