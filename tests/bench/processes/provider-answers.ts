/** What the fake provider answers in each of the three APIs, every byte made before it is asked. */

export interface ProviderAnswers {
  readonly completion: (chunks: number) => Buffer;
  readonly opening: Buffer;
  /** One a word, over and over. */
  readonly words: readonly Buffer[];
  /** `isCounted`: the request asks for usage on the stream; two of the APIs always report it. */
  readonly ending: (chunks: number, isCounted: boolean) => Buffer;
}

const words = [" the", " model", " answers", " with", " a", " word", " at", " a", " time", ","];
const textOf = (chunks: number): string =>
  Array.from({ length: chunks }, (_, index) => words[index % words.length]).join("");

/** Each length is made once. */
const once = (make: (chunks: number) => string): ((chunks: number) => Buffer) => {
  const made = new Map<number, Buffer>();
  return (chunks) => {
    const known = made.get(chunks) ?? Buffer.from(make(chunks));
    made.set(chunks, known);
    return known;
  };
};

const chatCompletions = ((): ProviderAnswers => {
  const head = `"id":"chatcmpl-BenchBenchBenchBenchBench01","created":1795000000,"model":"gpt-5.4-mini"`;
  const chunkHead = `{${head},"object":"chat.completion.chunk","service_tier":"default","system_fingerprint":"fp_0123456789"`;
  const frame = (delta: string, finishReason: string): string =>
    `data: ${chunkHead},"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finishReason}}],"usage":null}\n\n`;
  const last = frame("{}", '"stop"');
  const done = "data: [DONE]\n\n";
  const usage = (chunks: number): string =>
    `"usage":{"prompt_tokens":12,"completion_tokens":${chunks},"total_tokens":${12 + chunks},"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`;
  const counted = once((chunks) => `${last}data: ${chunkHead},"choices":[],${usage(chunks)}}\n\n${done}`);
  const uncounted = Buffer.from(last + done);
  return {
    completion: once(
      (chunks) =>
        `{${head},"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":${JSON.stringify(textOf(chunks))},"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],${usage(chunks)},"service_tier":"default","system_fingerprint":"fp_0123456789"}`,
    ),
    opening: Buffer.from(frame('{"role":"assistant","content":"","refusal":null}', "null")),
    words: words.map((word) => Buffer.from(frame(JSON.stringify({ content: word }), "null"))),
    ending: (chunks, isCounted) => (isCounted ? counted(chunks) : uncounted),
  };
})();

const event = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

const messages = ((): ProviderAnswers => {
  const message = {
    id: "msg_01BenchBenchBenchBenchBench",
    type: "message",
    role: "assistant",
    model: "claude-haiku-4-5-20251001",
  };
  const input = { input_tokens: 12, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
  const open = { content: [], stop_reason: null, stop_sequence: null, usage: { ...input, output_tokens: 1 } };
  return {
    completion: once((chunks) =>
      JSON.stringify({
        ...message,
        content: [{ type: "text", text: textOf(chunks) }],
        stop_reason: "end_turn",
        stop_sequence: null,
        usage: { ...input, output_tokens: chunks },
      }),
    ),
    opening: Buffer.from(
      event("message_start", { message: { ...message, ...open } }) +
        event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
    ),
    words: words.map((text) =>
      Buffer.from(event("content_block_delta", { index: 0, delta: { type: "text_delta", text } })),
    ),
    ending: once(
      (chunks) =>
        event("content_block_stop", { index: 0 }) +
        event("message_delta", {
          delta: { stop_reason: "end_turn", stop_sequence: null },
          usage: { ...input, output_tokens: chunks },
        }) +
        event("message_stop", {}),
    ),
  };
})();

const responses = ((): ProviderAnswers => {
  const itemId = "msg_BenchBenchBenchBenchBench01";
  const response = { id: "resp_BenchBenchBenchBenchBench01", object: "response", created_at: 1_795_000_000 };
  const facts = { ...response, model: "gpt-5.4-mini", error: null, incomplete_details: null };
  const item = { id: itemId, type: "message", role: "assistant" };
  const part = (text: string) => ({ type: "output_text", text, annotations: [], logprobs: [] });
  const usage = (chunks: number) => ({
    input_tokens: 12,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: chunks,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 12 + chunks,
  });
  const complete = (chunks: number) => ({
    ...{ ...facts, status: "completed" },
    output: [{ ...item, status: "completed", content: [part(textOf(chunks))] }],
    usage: usage(chunks),
  });
  const place = { item_id: itemId, output_index: 0, content_index: 0 };
  const begun = { response: { ...facts, status: "in_progress", output: [], usage: null } };
  const started = { ...item, status: "in_progress", content: [] };
  return {
    completion: once((chunks) => JSON.stringify(complete(chunks))),
    opening: Buffer.from(
      event("response.created", { sequence_number: 0, ...begun }) +
        event("response.in_progress", { sequence_number: 1, ...begun }) +
        event("response.output_item.added", { sequence_number: 2, output_index: 0, item: started }) +
        event("response.content_part.added", { sequence_number: 3, ...place, part: part("") }),
    ),
    words: words.map((delta) =>
      Buffer.from(event("response.output_text.delta", { sequence_number: 4, ...place, delta, logprobs: [] })),
    ),
    ending: once((chunks) => {
      const text = textOf(chunks);
      const { output } = complete(chunks);
      return (
        event("response.output_text.done", { sequence_number: 5, ...place, text, logprobs: [] }) +
        event("response.content_part.done", { sequence_number: 6, ...place, part: part(text) }) +
        event("response.output_item.done", { sequence_number: 7, output_index: 0, item: output[0] }) +
        event("response.completed", { sequence_number: 8, response: complete(chunks) })
      );
    }),
  };
})();

/** By the end of the path. */
export const providerAnswers: Readonly<Record<string, ProviderAnswers>> = {
  "/v1/chat/completions": chatCompletions,
  "/v1/messages": messages,
  "/v1/responses": responses,
};
