import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";

/** A stored stream as one completion, for a caller who asks for the same answer unstreamed. */

interface Collected {
  content: string;
  refusal: string;
  finishReason: string;
  /** Other text fields of the message, such as `reasoning_content`. */
  readonly texts: Record<string, string>;
}

const collect = (choice: Collected, delta: Readonly<Record<string, unknown>>): void => {
  for (const [name, value] of Object.entries(delta)) {
    if (typeof value !== "string" || name === "role") continue;
    if (name === "content") choice.content += value;
    else if (name === "refusal") choice.refusal += value;
    else choice.texts[name] = (choice.texts[name] ?? "") + value;
  }
};

const chunksOf = (frames: string): ChatCompletionChunk[] =>
  frames
    .split("\n\n")
    .filter((frame) => frame.startsWith("data: {"))
    .map((frame) => JSON.parse(frame.slice(6)) as ChatCompletionChunk);

/** Puts frames together again. Answers with tool calls are never stored, so texts are all there is. */
export const framesToCompletion = (frames: string, usage: unknown): ChatCompletion => {
  const chunks = chunksOf(frames);
  const choices = new Map<number, Collected>();
  for (const chunk of chunks) {
    for (const { index, delta, finish_reason: reason } of chunk.choices) {
      const choice = choices.get(index) ?? { content: "", refusal: "", finishReason: "stop", texts: {} };
      choices.set(index, choice);
      collect(choice, delta as Readonly<Record<string, unknown>>);
      if (reason !== null && reason !== undefined) choice.finishReason = reason;
    }
  }
  const [first] = chunks;
  return {
    id: first?.id ?? "",
    object: "chat.completion",
    created: first?.created ?? 0,
    model: first?.model ?? "",
    choices: [...choices].map(([index, { content, refusal, finishReason, texts }]) => ({
      index,
      message: { role: "assistant", content, refusal: refusal === "" ? null : refusal, ...texts },
      logprobs: null,
      finish_reason: finishReason as ChatCompletion.Choice["finish_reason"],
    })),
    ...(usage === undefined ? {} : { usage: usage as ChatCompletion["usage"] & object }),
  };
};
