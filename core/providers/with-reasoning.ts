import "#adapter";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { isRecord } from "#core/values/records.ts";
import type { ChatProvider, ProviderCall, ProviderReply } from "./provider.ts";
import { warningNames } from "./warnings.ts";

/** Thinking tokens up to which an effort is meant. */
const effortOfTokens: readonly (readonly [maxTokens: number, effort: string])[] = [
  [0, "none"],
  [1_024, "minimal"],
  [4_096, "low"],
  [16_384, "medium"],
];

const read = new Set(["effort", "enabled", "max_tokens"]);

/** What the object asks for, in the words of `reasoning_effort`. */
const effortOf = (reasoning: Readonly<Record<string, unknown>>): string | undefined => {
  const { effort, enabled, max_tokens: maxTokens } = reasoning;
  if (typeof effort === "string") return effort;
  if (enabled === false) return "none";
  if (typeof maxTokens === "number") return effortOfTokens.find(([most]) => maxTokens <= most)?.[1] ?? "high";
  return enabled === true ? "medium" : undefined;
};

/** A request whose `reasoning`, OpenRouter's form, is OpenAI's `reasoning_effort`. Names in `warnings` what has no counterpart. */
export const withReasoningEffort = (request: ChatRequest, warnings: Set<string>): ChatRequest => {
  const { reasoning, ...rest } = request;
  if (reasoning === undefined) return request;
  if (reasoning === null) return rest as ChatRequest;
  if (!isRecord(reasoning)) {
    warnings.add("reasoning");
    return rest as ChatRequest;
  }
  const wanted = effortOf(reasoning);
  if (typeof reasoning.effort !== "string" && typeof reasoning.max_tokens === "number")
    warnings.add("reasoning.max_tokens");
  for (const [name, value] of Object.entries(reasoning)) {
    if (!read.has(name) && value !== null && value !== false) warnings.add(`reasoning.${name}`);
  }
  const named = request.reasoning_effort ?? undefined;
  if (named !== undefined && wanted !== undefined && wanted !== named) warnings.add("reasoning");
  const effort = named ?? wanted;
  return { ...rest, ...(effort === undefined ? {} : { reasoning_effort: effort }) } as ChatRequest;
};

/** Calls a provider that has no `reasoning` object: it gets the effort that the object means. */
export const chatWithEffort = async (provider: ChatProvider, call: ProviderCall): Promise<ProviderReply> => {
  const warnings = new Set<string>();
  const request = withReasoningEffort(call.request, warnings);
  const reply = await provider.chat({ ...call, request });
  return { ...reply, warnings: [...new Set([...warningNames(warnings), ...reply.warnings])] };
};
