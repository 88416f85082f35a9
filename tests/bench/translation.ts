import { StreamTranslator } from "#core/providers/anthropic/from-stream.ts";
import { readStream } from "#core/providers/anthropic/read-stream.ts";
import { tappedFrames } from "#core/providers/openai/openai-shaped.ts";
import { StreamTap } from "#core/providers/openai/stream-tap.ts";
import { newOutcome } from "#core/providers/provider.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { anthropicStream } from "./anthropic-stream.ts";
import { replaceSection, table } from "./markdown.ts";
import { toFigure } from "./statistics.ts";

/**
 * `npm run bench -- translation`: CPU per stream chunk that is translated, compared within one run with a chunk whose bytes pass
 * through a tap. Ratios are meaningful; the microseconds depend on the machine. Fails when a chunk costs over three times as
 * much as a passed-through one that arrives in the same way.
 */

const chunks = 4_000;
const rounds = 101;
const warmUps = 5;
const maxRatio = 3;
/** Chunks of one read, as a hurried provider's arrive. */
const burst = 16;

const wordAt = (index: number): string => ` word${index % 7}${"s".repeat(index % 5)}`;
const words = Array.from({ length: chunks }, (_, index) => wordAt(index));

const frame = (value: object): Buffer => Buffer.from(`data: ${JSON.stringify(value)}\n\n`);

type Reads = readonly Buffer[];

/** As OpenAI sends them where usage was asked for, which the gateway always does. */
const openAiReads: Reads = (() => {
  const facts = {
    id: "chatcmpl-AbCdEf0123456789",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: "gpt-5.2-2025-12-11",
    service_tier: "default",
    system_fingerprint: null,
  };
  const chunk = (delta: object, finish: string | null = null): Buffer =>
    frame({ ...facts, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], usage: null });
  return [
    chunk({ role: "assistant", content: "", refusal: null }),
    ...words.map((content) => chunk({ content })),
    chunk({}, "stop"),
    Buffer.from("data: [DONE]\n\n"),
  ];
})();

/** As Google's OpenAI-compatible endpoint sends them, with or without usage on every chunk. */
const googleReads = (tellsUsage: boolean): Reads => {
  const chunk = (delta: object, index: number, finish?: string): Buffer =>
    frame({
      choices: [{ delta, ...(finish === undefined ? {} : { finish_reason: finish }), index: 0 }],
      created: 1_700_000_000,
      id: "AbCdEf0123456789",
      model: "gemini-3.5-flash",
      object: "chat.completion.chunk",
      ...(tellsUsage ? { usage: { completion_tokens: index, prompt_tokens: 9, total_tokens: index + 9 } } : {}),
    });
  return [
    ...words.map((content, index) => chunk({ content, role: "assistant" }, index)),
    chunk({ role: "assistant" }, chunks, "stop"),
    Buffer.from("data: [DONE]\n\n"),
  ];
};

const anthropicReads: Reads = anthropicStream(words);

const inBursts = (reads: Reads): Reads =>
  Array.from({ length: Math.ceil(reads.length / burst) }, (_, index) =>
    Buffer.concat(reads.slice(index * burst, (index + 1) * burst)),
  );

async function* bodyOf(reads: Reads): AsyncGenerator<Buffer> {
  for (const read of reads) yield read;
}

const request = chatRequestSchema.parse({ model: "auto", messages: [{ role: "user", content: "Hello" }] });

const facts = { completionId: "chatcmpl-1", model: "m", createdSeconds: 1 };

type Work = (reads: Reads) => Promise<void>;

/** What the adapter of an OpenAI-shaped provider does with the body of its response. */
const tap =
  (provider: "openai" | "google"): Work =>
  async (reads) => {
    const reasoning = provider === "google" ? "total-minus-prompt" : "included";
    const outcome = newOutcome();
    const stream = new StreamTap({ provider, outcome, reasoning, facts, choices: 1 });
    const call = { provider, request, signal: new AbortController().signal };
    for await (const _ of tappedFrames(call, bodyOf(reads), stream, outcome));
  };

const translate: Work = async (reads) => {
  const outcome = newOutcome();
  const options = { completionId: "chatcmpl-1", model: "claude-sonnet-5", createdSeconds: 1, outcome };
  const translator = new StreamTranslator(options);
  const toFailure = (): Error => new Error("broken");
  for await (const _ of readStream({ body: bodyOf(reads), translator, outcome, toFailure }));
};

const adapters: readonly (readonly [name: string, Work, Reads])[] = [
  ["OpenAI: passed through", tap("openai"), openAiReads],
  ["Anthropic: translated", translate, anthropicReads],
  ["Gemini: rewritten", tap("google"), googleReads(false)],
  ["Gemini, usage on every chunk", tap("google"), googleReads(true)],
];

const cases = adapters.flatMap(([name, work, reads]) => [
  { name, work, reads, cpu: [] as number[] },
  { name: `${name}, ${burst} chunks per read`, work, reads: inBursts(reads), cpu: [] as number[] },
]);

/** CPU microseconds a chunk of one pass. */
const cpuOf = async (work: Work, reads: Reads): Promise<number> => {
  const before = process.cpuUsage();
  await work(reads);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / chunks;
};

for (let round = -warmUps; round < rounds; round += 1) {
  // In turn, so that whatever else the machine does meets all of them.
  for (const { work, reads, cpu } of cases) {
    const microseconds = await cpuOf(work, reads);
    if (round >= 0) cpu.push(microseconds);
  }
}

const results = cases.map(({ name, cpu }, index) => {
  const base = toFigure(cases[index % 2]?.cpu ?? []).median;
  const figure = toFigure(cpu);
  return { name, figure, ratio: figure.median / base };
});
const rows = results.map(({ name, figure: { median, lowest, highest }, ratio }) => [
  name,
  median.toFixed(2),
  `${lowest.toFixed(2)} to ${highest.toFixed(2)}`,
  ratio.toFixed(2),
]);
const text = table(["Adapter", "CPU per chunk, µs (median)", `${rounds} rounds`, "ratio"], rows);
console.log(text);
if (process.argv.includes("--write")) await replaceSection("translation", text);
const over = results.filter(({ ratio }) => ratio > maxRatio);
if (over.length > 0) {
  console.error(`Over ${maxRatio} times: ${over.map(({ name }) => name).join(", ")}`);
  process.exitCode = 1;
}
