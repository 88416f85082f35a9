import type { ChatCompletionChunk } from "openai/resources/chat/completions";

/** Reads our own frames (whole `data: {…}` lines) as chunks. */
export const chunksOf = (part: Buffer | string): readonly ChatCompletionChunk[] =>
  (typeof part === "string" ? part : part.toString("utf8"))
    .split("\n\n")
    .filter((frame) => frame.startsWith("data: {"))
    .map((frame) => JSON.parse(frame.slice(6)) as ChatCompletionChunk);

/** A tool call as its deltas make it. */
export interface CollectedCall {
  id: string;
  name: string;
  arguments: string;
}

/** What a stream said: its text and its tool calls. */
export class ChunkReader {
  content = "";
  readonly toolCalls: CollectedCall[] = [];

  /** Takes a part and returns the text that it added. */
  push(part: Buffer | string): string {
    let added = "";
    for (const chunk of chunksOf(part)) {
      const delta = chunk.choices[0]?.delta;
      // A refusal is what the model said, too.
      added += delta?.content ?? delta?.refusal ?? "";
      for (const { index, id, function: called } of delta?.tool_calls ?? []) {
        const call = this.toolCalls[index] ?? { id: "", name: "", arguments: "" };
        this.toolCalls[index] = call;
        if (id !== undefined) call.id = id;
        call.name += called?.name ?? "";
        call.arguments += called?.arguments ?? "";
      }
    }
    this.content += added;
    return added;
  }
}
