import type { ProviderOutcome } from "#core/providers/provider.ts";
import { isRecord } from "#core/values/records.ts";
import { isFilled } from "./answer-facts.ts";
import type { Chunk } from "./dialect.ts";
import { noteUsage, type ReasoningCount } from "./usage.ts";

const textLength = (value: unknown): number => (typeof value === "string" ? value.length : 0);

interface CallDelta {
  readonly function?: { readonly arguments?: unknown; readonly name?: unknown };
  readonly custom?: { readonly input?: unknown; readonly name?: unknown };
}

/** Characters of a delta that a caller would see, or undefined for one that carries nothing. */
export const charactersOf = (delta: Readonly<Record<string, unknown>>): number | undefined => {
  const toolCalls = Array.isArray(delta.tool_calls) ? (delta.tool_calls as readonly unknown[]) : [];
  let characters =
    textLength(delta.content) +
    textLength(delta.refusal) +
    textLength(delta.reasoning_content) +
    textLength(delta.reasoning);
  for (const call of toolCalls) {
    const { function: called, custom } = call as CallDelta;
    characters += textLength(called?.arguments) + textLength(called?.name);
    characters += textLength(custom?.input) + textLength(custom?.name);
  }
  return characters === 0 && toolCalls.length === 0 ? undefined : characters;
};

/** The usage that a chunk tells: some put it into the choice. Undefined for none. */
const usageOf = ({ usage, choices }: Chunk): unknown => {
  if (usage !== undefined && usage !== null) return usage;
  const [first] = Array.isArray(choices) ? (choices as readonly unknown[]) : [];
  return isRecord(first) ? (first.usage ?? undefined) : undefined;
};

/** Notes what a chunk tells in addition to its choices. Returns whether it tells a usage. */
export const noteChunk = (chunk: Chunk, outcome: ProviderOutcome, reasoning: ReasoningCount): boolean => {
  const usage = usageOf(chunk);
  // Some send it on every chunk, growing: the last one is the whole.
  if (usage !== undefined) noteUsage(outcome, usage, reasoning);
  if (isFilled(chunk.model)) outcome.responseModel ??= chunk.model;
  return usage !== undefined;
};
