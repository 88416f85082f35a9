import type { ChatRequest } from "#core/schemas/chat.ts";

/** Values that our schema lets in and Google's endpoint refuses, brought into its ranges. Each change is named in `warnings`. */

/** Google's numbers have 32 bits. */
const maxInteger = 2 ** 31 - 1;
/** The API's limit on `stopSequences`. */
const maxStops = 5;
/** The range of the penalties ends before 2. */
const maxPenalty = 1.99;

type Warnings = Set<string>;

const toStop = (stop: ChatRequest["stop"], warnings: Warnings): Record<string, unknown> => {
  const wanted = typeof stop === "string" ? [stop] : (stop ?? []);
  const taken = wanted.filter((each) => each !== "").slice(0, maxStops);
  if (taken.length === wanted.length) return stop === null || stop === undefined || wanted.length === 0 ? {} : { stop };
  warnings.add("stop");
  return taken.length === 0 ? {} : { stop: taken };
};

const toMaxTokens = (request: ChatRequest, warnings: Warnings): Record<string, unknown> => {
  const name = typeof request.max_completion_tokens === "number" ? "max_completion_tokens" : "max_tokens";
  const wanted = request[name];
  if (typeof wanted !== "number") return {};
  if (wanted > maxInteger) warnings.add(name);
  return { max_tokens: Math.min(wanted, maxInteger) };
};

/** Another seed for another seed, as far as 32 bits go: what a seed promises is that the same one repeats an answer. */
const toSeed = (seed: ChatRequest["seed"], warnings: Warnings): Record<string, unknown> => {
  if (typeof seed !== "number") return {};
  if (Math.abs(seed) > maxInteger) warnings.add("seed");
  return { seed: Math.abs(seed) > maxInteger ? seed % maxInteger : seed };
};

const toPenalties = (request: ChatRequest, warnings: Warnings): Record<string, unknown> => {
  const penalties: Record<string, unknown> = {};
  for (const name of ["frequency_penalty", "presence_penalty"] as const) {
    const wanted = request[name];
    if (typeof wanted !== "number") continue;
    if (wanted > maxPenalty) warnings.add(name);
    penalties[name] = Math.min(wanted, maxPenalty);
  }
  return penalties;
};

/** The fields whose ranges are narrower at Google than in OpenAI's contract. */
export const toGoogleValues = (request: ChatRequest, warnings: Warnings): Record<string, unknown> => ({
  ...toStop(request.stop, warnings),
  ...toMaxTokens(request, warnings),
  ...toSeed(request.seed, warnings),
  ...toPenalties(request, warnings),
});
