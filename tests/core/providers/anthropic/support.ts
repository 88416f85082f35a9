import { readFileSync } from "node:fs";
import type { ChatCompletionChunk, KeyCredential, ProviderCall } from "#core/providers/provider.ts";
import { type ChatRequest, chatRequestSchema } from "#core/schemas/chat.ts";

const folder = new URL("../../../fixtures/anthropic/", import.meta.url);

/** The text of a file in tests/fixtures/anthropic. */
export const fixture = (name: string): string => readFileSync(new URL(name, folder), "utf8");

/** A request as it leaves the gateway's validation. */
export const chatRequest = (fields: Record<string, unknown> = {}): ChatRequest =>
  chatRequestSchema.parse({ model: "claude", messages: [{ role: "user", content: "Hi" }], ...fields });

/** A call of the adapter at a local server. */
export const providerCall = (
  fields: Record<string, unknown>,
  credential: Partial<KeyCredential> & { baseUrl: string },
  options: Partial<Pick<ProviderCall, "model" | "signal" | "timeouts">> = {},
): ProviderCall => ({
  provider: "anthropic",
  model: "claude-haiku-4-5",
  request: chatRequest(fields),
  credential: { apiKey: "sk-ant-test", byok: false, ...credential },
  completionId: "chatcmpl_test",
  signal: new AbortController().signal,
  timeouts: { headersMs: 5_000, idleMs: 5_000 },
  ...options,
});

/** A chunk with the fields that Anthropic's thinking adds. */
export interface Chunk extends Omit<ChatCompletionChunk, "choices"> {
  choices: {
    index: number;
    delta: ChatCompletionChunk.Choice["delta"] & { reasoning_content?: string; thinking_blocks?: unknown[] };
    finish_reason: string | null;
  }[];
}

/** The chunks in a string of frames; fails on anything that is not exactly a frame. */
export const chunksOf = (frames: string): Chunk[] =>
  frames
    .split("\n\n")
    .filter((frame) => frame !== "")
    .map((frame) => {
      if (!frame.startsWith("data: ") || frame.includes("\n")) throw new Error(`Not a frame: ${frame}`);
      return JSON.parse(frame.slice("data: ".length)) as Chunk;
    });

/** What a client that follows OpenAI's rules makes of the chunks: a message to send back. */
export const assemble = (chunks: readonly Chunk[]) => {
  const calls: { id: string; type: "function"; function: { name: string; arguments: string } }[] = [];
  const message = { content: "", reasoning: "", refusal: "", thinkingBlocks: [] as unknown[], calls, finish: "" };
  for (const { choices } of chunks) {
    for (const { delta, finish_reason: finish } of choices) {
      message.content += delta.content ?? "";
      message.reasoning += delta.reasoning_content ?? "";
      message.refusal += delta.refusal ?? "";
      message.thinkingBlocks.push(...(delta.thinking_blocks ?? []));
      for (const call of delta.tool_calls ?? []) {
        calls[call.index] ??= { id: "", type: "function", function: { name: "", arguments: "" } };
        const known = calls[call.index];
        if (known === undefined) continue;
        known.id += call.id ?? "";
        known.function.name += call.function?.name ?? "";
        known.function.arguments += call.function?.arguments ?? "";
      }
      message.finish = finish ?? message.finish;
    }
  }
  return message;
};
