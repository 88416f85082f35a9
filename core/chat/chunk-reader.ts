import type { ChatCompletionChunk } from "openai/resources/chat/completions";

/** Reads our own frames (whole `data: {…}` lines) as chunks. */
export const chunksOf = (part: Buffer | string): readonly ChatCompletionChunk[] =>
  (typeof part === "string" ? part : part.toString("utf8"))
    .split("\n\n")
    .filter((frame) => frame.startsWith("data: {"))
    .map((frame) => JSON.parse(frame.slice(6)) as ChatCompletionChunk);

interface MessageText {
  readonly content?: string | null;
  readonly refusal?: string | null;
}

/** What a model said as text. A refusal counts where there are no other words: Claude tells one beside its words, too. */
export const messageText = ({ content, refusal }: MessageText): string => content || (refusal ?? "");

/** The same of a stream, delta by delta. */
export class StreamedText {
  #answered = false;

  /** The text that a delta adds. */
  push({ content, refusal }: MessageText): string {
    const words = content ?? "";
    if (words !== "") this.#answered = true;
    return words === "" && !this.#answered ? (refusal ?? "") : words;
  }
}

/** A tool call as its deltas make it. */
export interface CollectedCall {
  id: string;
  name: string;
  arguments: string;
  /** What its provider wants to see again: Google's thought signature. */
  extraContent?: unknown;
  /** Of a custom tool: `arguments` is its text. */
  isCustom?: boolean;
}

type Delta = ChatCompletionChunk["choices"][number]["delta"];
type CallDelta = NonNullable<Delta["tool_calls"]>[number] & {
  readonly extra_content?: unknown;
  readonly custom?: { readonly name?: string; readonly input?: string };
};

const callsOf = ({ tool_calls: calls }: Delta): readonly CallDelta[] => calls ?? [];

/** What a stream said: its text and its tool calls. */
export class ChunkReader {
  content = "";
  readonly toolCalls: CollectedCall[] = [];
  readonly #said = new StreamedText();

  /** Takes a part and returns the text that it added. */
  push(part: Buffer | string): string {
    let added = "";
    for (const chunk of chunksOf(part)) {
      const delta = chunk.choices[0]?.delta;
      if (delta === undefined) continue;
      added += this.#said.push(delta);
      for (const { index, id, function: called, custom, extra_content: extra } of callsOf(delta)) {
        const call = this.toolCalls[index] ?? { id: "", name: "", arguments: "" };
        this.toolCalls[index] = call;
        if (id !== undefined) call.id = id;
        if (extra !== undefined) call.extraContent = extra;
        if (custom !== undefined) call.isCustom = true;
        call.name += called?.name ?? custom?.name ?? "";
        call.arguments += called?.arguments ?? custom?.input ?? "";
      }
    }
    this.content += added;
    return added;
  }
}
