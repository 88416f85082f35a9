import type { Dialect } from "#core/dialects/dialect.ts";
import { messagesDialect } from "#core/dialects/messages/dialect.ts";
import { responsesDialect } from "#core/dialects/responses/dialect.ts";
import { toGatewayError } from "#core/errors.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { NativeTap as MessagesTap } from "#core/providers/anthropic/native-tap.ts";
import { NativeTap as ResponsesTap } from "#core/providers/openai/native-tap.ts";
import { tappedFrames } from "#core/providers/openai/openai-shaped.ts";
import { StreamTap } from "#core/providers/openai/stream-tap.ts";
import { newOutcome } from "#core/providers/provider.ts";
import { tappedEvents } from "#core/providers/tapped-events.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { messagesRequestSchema } from "#core/schemas/messages.ts";
import { responsesRequestSchema } from "#core/schemas/responses.ts";
import { anthropicStream, event } from "./anthropic-stream.ts";
import { replaceSection, table } from "./markdown.ts";
import { toFigure } from "./statistics.ts";

/**
 * `npm run bench -- dialects`: CPU per stream chunk from the provider's bytes to the dialect's, native and translated, next to
 * a chat completion whose bytes pass through. Fails when a chunk costs over 20 µs. `--quick` makes few rounds.
 */

const chunks = 4_000;
const rounds = process.argv.includes("--quick") ? 5 : 101;
const warmUps = 2;
const maxMicroseconds = 20;

const words = Array.from({ length: chunks }, (_, index) => ` word${index % 7}${"s".repeat(index % 5)}`);

const chatReads = (() => {
  const facts = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_700_000_000, model: "gpt-5.2" };
  const chunk = (delta: object, finish: string | null = null): Buffer => {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
    return Buffer.from(`data: ${JSON.stringify({ ...facts, choices, usage: null })}\n\n`);
  };
  const usage = { prompt_tokens: 9, completion_tokens: chunks, total_tokens: chunks + 9 };
  return [
    chunk({ role: "assistant", content: "", refusal: null }),
    ...words.map((content) => chunk({ content })),
    chunk({}, "stop"),
    Buffer.from(`data: ${JSON.stringify({ ...facts, choices: [], usage })}\n\ndata: [DONE]\n\n`),
  ];
})();

const messagesReads = anthropicStream(words);

const responsesReads = (() => {
  const response = { id: "resp_1", object: "response", created_at: 1_700_000_000, model: "gpt-5", output: [] };
  const item = { id: "msg_1", type: "message", role: "assistant", status: "in_progress", content: [] };
  const text = words.join("");
  const output = [{ ...item, status: "completed", content: [{ type: "output_text", text, annotations: [] }] }];
  const usage = { input_tokens: 9, output_tokens: chunks, total_tokens: chunks + 9 };
  return [
    event("response.created", { sequence_number: 0, response: { ...response, status: "in_progress" } }),
    event("response.output_item.added", { sequence_number: 1, output_index: 0, item }),
    ...words.map((delta, index) =>
      event("response.output_text.delta", {
        ...{ sequence_number: index + 2, item_id: "msg_1", output_index: 0, content_index: 0, delta, logprobs: [] },
      }),
    ),
    event("response.output_item.done", { sequence_number: chunks + 2, output_index: 0, item: output[0] }),
    event("response.completed", {
      ...{ sequence_number: chunks + 3, response: { ...response, status: "completed", output, usage } },
    }),
  ];
})();

async function* bodyOf(reads: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const read of reads) yield read;
}

const request = chatRequestSchema.parse({
  model: "auto",
  messages: [{ role: "user", content: "Hello" }],
  stream: true,
});

const chatFrames = (): AsyncIterable<Buffer | string> => {
  const outcome = newOutcome();
  const facts = { completionId: "chatcmpl-1", model: "m", createdSeconds: 1 };
  const tap = new StreamTap({ provider: "openai", outcome, reasoning: "included", facts, choices: 1 });
  const call = { provider: "openai" as const, request, signal: new AbortController().signal };
  return tappedFrames(call, bodyOf(chatReads), tap, outcome);
};

const drain = async (frames: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of frames);
};

const toFailure = (): Error => new Error("broken");
const translated = <Body>(dialect: Dialect<Body>, body: Body): Promise<void> =>
  drain(dialect.stream(chatFrames(), { requestId: "req_1-2", startedAtMs: 1, body, request, fail: toGatewayError }));

const message = { role: "user", content: "Hello" };
const messagesBody = parseWith(messagesRequestSchema, {
  model: "gpt",
  max_tokens: 100,
  messages: [message],
  stream: true,
});
const responsesBody = parseWith(responsesRequestSchema, { model: "claude", input: "Hello", stream: true });

const cases = [
  { name: "Chat Completions: passed through", work: () => drain(chatFrames()) },
  {
    name: "Messages: native",
    work: () => {
      const options = { completionId: "1", model: "m", createdSeconds: 1, outcome: newOutcome() };
      return drain(tappedEvents(bodyOf(messagesReads), new MessagesTap(options), toFailure));
    },
  },
  { name: "Messages: translated", work: () => translated(messagesDialect, messagesBody) },
  {
    name: "Responses: native",
    work: () => drain(tappedEvents(bodyOf(responsesReads), new ResponsesTap(newOutcome()), toFailure)),
  },
  { name: "Responses: translated", work: () => translated(responsesDialect, responsesBody) },
].map((each) => ({ ...each, cpu: [] as number[] }));

for (let round = -warmUps; round < rounds; round += 1) {
  // In turn, so that whatever else the machine does meets all of them.
  for (const { work, cpu } of cases) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) cpu.push((user + system) / chunks);
  }
}

const results = cases.map(({ name, cpu }) => ({ name, figure: toFigure(cpu) }));
const base = results[0]?.figure.median ?? Number.NaN;
const rows = results.map(({ name, figure: { median, lowest, highest } }) => [
  name,
  median.toFixed(2),
  `${lowest.toFixed(2)} to ${highest.toFixed(2)}`,
  (median / base).toFixed(2),
]);
const text = table(["Dialect", "CPU per chunk, µs (median)", `${rounds} rounds`, "ratio"], rows);
console.log(text);
if (process.argv.includes("--write")) await replaceSection("dialects", text);
const over = results.filter(({ figure }) => figure.median > maxMicroseconds);
if (over.length > 0) {
  console.error(`Over ${maxMicroseconds} µs: ${over.map(({ name }) => name).join(", ")}`);
  process.exitCode = 1;
}
