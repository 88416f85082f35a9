import type { MessageParam, ThinkingConfigParam } from "@anthropic-ai/sdk/resources/messages";
import { ownValue } from "#core/values/records.ts";
import type { Effort, ModelTraits } from "./model-traits.ts";

export interface ThinkingPlan {
  readonly thinking?: ThinkingConfigParam;
  readonly effort?: Effort;
}

export interface ThinkingWish {
  /** OpenAI's `reasoning_effort`. */
  readonly effort: string | null | undefined;
  readonly maxTokens: number;
  readonly forcedTool: boolean;
  readonly messages: readonly MessageParam[];
}

const fieldName = "reasoning_effort";

/** Thinking tokens for models that take a budget. */
const budgets: Readonly<Record<string, number>> = {
  minimal: 1_024,
  low: 4_096,
  medium: 8_192,
  high: 24_576,
  xhigh: 32_768,
  max: 32_768,
};
/** Anthropic's minimum. */
export const minBudgetTokens = 1_024;

const efforts: Readonly<Record<string, Effort>> = {
  minimal: "low",
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "xhigh",
  max: "max",
};

const summarised: ThinkingConfigParam = { type: "adaptive", display: "summarized" };

/**
 * With a budget, a turn that called tools must begin with its thinking when their results are sent, and so must a last turn
 * that the answer goes on from. Callers that did not keep `thinking_blocks` have none to send.
 */
export const lacksThinking = (messages: readonly MessageParam[]): boolean => {
  const turn = messages.findLast((message) => message.role === "assistant");
  if (turn === undefined || typeof turn.content === "string") return false;
  const mustThink = messages.at(-1) === turn || turn.content.some((block) => block.type === "tool_use");
  const first = turn.content[0]?.type;
  return mustThink && first !== "thinking" && first !== "redacted_thinking";
};

const budgetPlan = (wish: ThinkingWish, effort: string, warnings: Set<string>): ThinkingPlan => {
  if (effort === "none") return {};
  // max_tokens holds thinking and answer alike: leave half of it for the answer.
  const budget = Math.min(ownValue(budgets, effort) ?? minBudgetTokens, Math.floor(wish.maxTokens / 2));
  if (budget < minBudgetTokens || wish.forcedTool || lacksThinking(wish.messages)) {
    warnings.add(fieldName);
    return {};
  }
  return { thinking: { type: "enabled", budget_tokens: budget } };
};

const withoutThinking = (traits: ModelTraits, warnings: Set<string>): ThinkingPlan => {
  if (traits.thinkingOff === "allowed") return { thinking: { type: "disabled" } };
  warnings.add(fieldName);
  return traits.thinkingOff === "between-tools"
    ? { thinking: { type: "between_tools" } }
    : { thinking: summarised, effort: "low" };
};

const adaptivePlan = (effort: string, traits: ModelTraits, warnings: Set<string>): ThinkingPlan => {
  if (effort === "none") return withoutThinking(traits, warnings);
  const wanted = ownValue(efforts, effort) ?? "medium";
  const granted = traits.efforts.includes(wanted) ? wanted : "high";
  if (granted !== effort) warnings.add(fieldName);
  return { thinking: traits.hidesThinking ? summarised : { type: "adaptive" }, effort: granted };
};

/**
 * OpenAI's reasoning_effort in the terms of the model's family: a thinking budget up to Claude 4.5, adaptive thinking with an
 * effort from 4.6 on. Whatever had to be lowered or left out is named in `warnings`.
 */
export const planThinking = (wish: ThinkingWish, traits: ModelTraits, warnings: Set<string>): ThinkingPlan => {
  const { effort } = wish;
  if (effort === null || effort === undefined) {
    // These think in any case, and say between tool calls what older models say as text: ask for it in words.
    return traits.thinkingOff === "allowed" ? {} : { thinking: summarised };
  }
  if (traits.thinking === "effort") {
    return effort === "none" ? { thinking: { type: "disabled" } } : { effort: (efforts[effort] ?? effort) as Effort };
  }
  if (effort !== "none" && !Object.hasOwn(efforts, effort)) {
    warnings.add(fieldName);
    return {};
  }
  switch (traits.thinking) {
    case "none":
      if (effort !== "none") warnings.add(fieldName);
      return {};
    case "budget":
      return budgetPlan(wish, effort, warnings);
    case "adaptive":
      return adaptivePlan(effort, traits, warnings);
  }
};
