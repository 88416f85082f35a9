import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { ProviderFailure, type ProviderOutcome } from "#core/providers/provider.ts";
import type { Chunk } from "./dialect.ts";
import { toFinishReason } from "./finish-reason.ts";
import type { AnswerOptions } from "./from-response.ts";
import { toTokenUsage } from "./usage.ts";

const textLength = (value: unknown): number => (typeof value === "string" ? value.length : 0);

interface CallDelta {
  readonly function?: { readonly arguments?: unknown; readonly name?: unknown };
  readonly custom?: { readonly input?: unknown; readonly name?: unknown };
}

/** Characters of a delta that a caller would see, or undefined for one that carries nothing. */
const charactersOf = (delta: Readonly<Record<string, unknown>>): number | undefined => {
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

const noteFinish = (provider: string, reason: string, outcome: ProviderOutcome): string | undefined => {
  const known = toFinishReason(reason);
  if (known === undefined) return `${provider}: the answer ended in an error`;
  outcome.finishReason = known;
  outcome.contentStarted = true;
  return undefined;
};

/**
 * Notes what a chunk tells of the answer.
 * @returns the characters of its content, or undefined when it has none.
 * @throws ProviderFailure for an end that is an error.
 */
export const noteChunk = (
  chunk: Chunk,
  choices: readonly ChatCompletionChunk.Choice[],
  { provider, outcome, reasoning }: AnswerOptions,
): number | undefined => {
  if (chunk.usage !== undefined && chunk.usage !== null) {
    // Some send it on every chunk, growing: the last one is the whole.
    outcome.usage = toTokenUsage(chunk.usage, reasoning) ?? outcome.usage;
  }
  outcome.responseModel ??= chunk.model;
  outcome.responseId ??= chunk.id;
  let characters: number | undefined;
  for (const { delta, finish_reason: reason } of choices) {
    if (typeof reason === "string" && (reason as string) !== "") {
      const fault = noteFinish(provider, reason, outcome);
      if (fault !== undefined) throw new ProviderFailure(provider, "malformed", fault);
    }
    if (delta === undefined || delta === null) continue;
    const found = charactersOf(delta as unknown as Readonly<Record<string, unknown>>);
    if (found === undefined) continue;
    outcome.contentStarted = true;
    outcome.outputCharacters += found;
    characters = (characters ?? 0) + found;
  }
  return characters;
};
