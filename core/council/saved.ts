import { isAuto } from "#core/catalog/auto.ts";
import { costPicoUsd, toUsd } from "#core/catalog/cost.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import { estimateTokens, noTokens } from "#core/catalog/token-usage.ts";
import { analysisMessages } from "./analyse.ts";
import type { CouncilRequest } from "./council-request.ts";
import { questionOf } from "./plain-history.ts";
import type { LabelledDraft } from "./shown-drafts.ts";
import { answerMessages } from "./write-answer.ts";

/** What an analysis says, by estimate, tokens. */
const analysisTokens = 500;

/** What one analysis and the answer would have cost, by estimate and list price, USD; null for an unknown price. */
export const savedUsd = (request: CouncilRequest, drafts: readonly LabelledDraft[]): number | null => {
  const { judge, messages, rubric } = request;
  if (isAuto(judge.model)) return null;
  const { catalog } = resolveModel(judge.model);
  const basis = drafts.map(({ label }) => label);
  const input = [
    analysisMessages(questionOf(messages), rubric, drafts),
    answerMessages(request, { drafts, analysis: null, basis }),
  ];
  const characters = input.reduce((sum, each) => sum + JSON.stringify(each).length, 0);
  const answer = drafts.reduce((sum, { draft }) => sum + draft.usage.outputTokens, 0) / drafts.length;
  const cost = costPicoUsd(catalog, {
    ...noTokens,
    inputTokens: estimateTokens(characters) + analysisTokens,
    outputTokens: analysisTokens + Math.round(answer),
  });
  return cost === undefined ? null : toUsd(cost);
};
