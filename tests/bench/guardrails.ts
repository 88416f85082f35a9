import { guardFrames } from "#core/guardrails/guard-frames.ts";
import { OutputGuard, type OutputGuardOptions } from "#core/guardrails/output-guard.ts";
import { Placeholders } from "#core/guardrails/placeholders.ts";
import { findPii } from "#core/guardrails/scan.ts";

/**
 * CPU a chunk of a stream costs under guardrails, against the same frames passed on untouched and against frames that are
 * parsed and written again (which every translated provider needs): `node tests/bench/guardrails.ts`. The ratios are what
 * counts; the microseconds are this machine's.
 */

const chunkCount = 4_000;
const rounds = 12;

const prose =
  "The order of 2024 was shipped in 3 boxes, and it arrived on time. Ask the desk for help if anything is missing. ";
const withValues = `${prose}Write to bob@example.com or call +1 (415) 555-2671, card 4111 1111 1111 1111. `;

const framesOf = (text: string): readonly string[] =>
  Array.from({ length: chunkCount }, (_, index) => {
    const at = (index * 4) % (text.length - 4);
    const delta = { content: text.slice(at, at + 4) };
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: null }];
    return `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-4o", choices })}\n\n`;
  });

async function* source(frames: readonly string[]): AsyncGenerator<string> {
  for (const frame of frames) yield frame;
}

async function* rewritten(frames: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const frame of frames) yield `data: ${JSON.stringify(JSON.parse(frame.slice("data: ".length)))}\n\n`;
}

const drain = async (frames: AsyncIterable<string>): Promise<number> => {
  let length = 0;
  for await (const frame of frames) length += frame.length;
  return length;
};

const guarded = (frames: readonly string[], options: Partial<OutputGuardOptions>) => {
  const guard = new OutputGuard({
    settings: {},
    moderate: async () => [],
    signal: new AbortController().signal,
    ...options,
  });
  return guardFrames(source(frames), { guard, onBlocked: () => "" });
};

/** The quickest of several rounds, in microseconds of CPU a chunk: what else the machine does only ever adds. */
const cpuMicroseconds = async (work: () => Promise<unknown>): Promise<number> => {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / chunkCount);
  }
  return best;
};

const restore = () => {
  const placeholders = new Placeholders();
  placeholders.of("email", "bob@example.com");
  return { placeholders, restore: placeholders.restorer() };
};

for (const [name, text] of [
  ["prose", prose],
  ["prose with values", withValues],
] as const) {
  const frames = framesOf(text);
  const passed = await cpuMicroseconds(() => drain(source(frames)));
  const parsed = await cpuMicroseconds(() => drain(rewritten(source(frames))));
  const rows: (readonly [string, number])[] = [
    ["passed on", passed],
    ["parsed and written", parsed],
    ["pii: flag", await cpuMicroseconds(() => drain(guarded(frames, { settings: { pii: "flag" } })))],
    ["pii: redact", await cpuMicroseconds(() => drain(guarded(frames, { settings: { pii: "redact" } })))],
    ["restore only", await cpuMicroseconds(() => drain(guarded(frames, restore())))],
  ];
  console.log(`\n${name}: ${chunkCount} chunks of 4 characters`);
  for (const [row, microseconds] of rows) {
    const ratios = `${(microseconds / passed).toFixed(1)} x passed on, ${(microseconds / parsed).toFixed(1)} x parsed and written`;
    console.log(`${row.padEnd(20)} ${microseconds.toFixed(2).padStart(7)} us a chunk  ${ratios}`);
  }
}

const whole = withValues.repeat(5_000);
const wholeMicroseconds = (await cpuMicroseconds(async () => findPii(whole))) * chunkCount;
console.log(`\na whole text: ${((wholeMicroseconds / whole.length) * 1_000).toFixed(0)} ns a character`);
