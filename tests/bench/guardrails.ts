import { guardFrames } from "#core/guardrails/guard-frames.ts";
import { OutputGuard, type OutputGuardOptions } from "#core/guardrails/output-guard.ts";
import { Placeholders } from "#core/guardrails/placeholders.ts";
import { findPii } from "#core/guardrails/scan.ts";
import { replaceSection, table } from "./markdown.ts";
import { median } from "./statistics.ts";

/**
 * `npm run bench -- guardrails`: CPU per stream chunk under guardrails, compared with the same frames passed through and with
 * frames that are parsed and serialized. Ratios are meaningful; the microseconds depend on the machine.
 */

const chunkCount = 4_000;
const rounds = 15;
const warmUps = 3;

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

type Work = () => Promise<unknown>;

/** Microseconds of CPU of one pass. */
const cpuMicroseconds = async (work: Work): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
};

/** The median of several rounds for each work. All works take turns, so that what else the machine does meets all of them. */
const mediansOf = async (works: readonly Work[]): Promise<readonly number[]> => {
  const measured = works.map((): number[] => []);
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const [index, work] of works.entries()) {
      const microseconds = await cpuMicroseconds(work);
      if (round >= 0) measured[index]?.push(microseconds);
    }
  }
  return measured.map(median);
};

const restore = () => {
  const placeholders = new Placeholders();
  placeholders.of("email", "bob@example.com");
  return { placeholders, restore: placeholders.restorer() };
};

const rows: (readonly string[])[] = [];
for (const [name, text] of [
  ["prose", prose],
  ["prose with values", withValues],
] as const) {
  const frames = framesOf(text);
  const works: readonly (readonly [string, Work])[] = [
    ["passed through", () => drain(source(frames))],
    ["parsed and serialized", () => drain(rewritten(source(frames)))],
    ["pii: flag", () => drain(guarded(frames, { settings: { pii: "flag" } }))],
    ["pii: redact", () => drain(guarded(frames, { settings: { pii: "redact" } }))],
    ["values restored", () => drain(guarded(frames, restore()))],
  ];
  const medians = (await mediansOf(works.map(([, work]) => work))).map((microseconds) => microseconds / chunkCount);
  const [passed = Number.NaN, parsed = Number.NaN] = medians;
  for (const [index, microseconds] of medians.entries()) {
    const added = index < 2 ? "-" : (microseconds - passed).toFixed(2);
    const cells = [`${name}: ${works[index]?.[0]}`, microseconds.toFixed(2), added, (microseconds / parsed).toFixed(1)];
    rows.push(cells);
  }
}
const whole = withValues.repeat(5_000);
const [wholeMicroseconds = Number.NaN] = await mediansOf([async () => findPii(whole)]);
const perCharacter = ((wholeMicroseconds / whole.length) * 1_000).toFixed(0);
const head = [
  "Chunks of 4 characters",
  "CPU per chunk, µs (median)",
  "added to passed through, µs",
  "relative to parsed",
];
const text = `${table(head, rows)}\n\nA buffered text, such as an input: ${perCharacter} ns per character.`;
console.log(text);
if (process.argv.includes("--write")) await replaceSection("guardrails", text);
