/** An event as a server writes it: its type is its name too. */
export const event = (type: string, value: object = {}): Buffer =>
  Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...value })}\n\n`);

/** Anthropic's stream of an answer, one read for each word. */
export const anthropicStream = (words: readonly string[]): readonly Buffer[] => {
  const message = { id: "msg_1", type: "message", role: "assistant", model: "claude-sonnet-5", content: [] };
  return [
    event("message_start", {
      message: { ...message, stop_reason: null, usage: { input_tokens: 9, output_tokens: 1 } },
    }),
    event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    ...words.map((text) => event("content_block_delta", { index: 0, delta: { type: "text_delta", text } })),
    event("content_block_stop", { index: 0 }),
    event("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: words.length } }),
    event("message_stop"),
  ];
};
