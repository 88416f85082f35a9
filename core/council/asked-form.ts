import { charactersPerToken } from "#core/catalog/token-usage.ts";
import type { CouncilRequest } from "./council-request.ts";

/** The form that an answer must have. Drafts are not held to it: they are plain text of their own length. */

const isFormatted = ({ final: { response_format: format } }: CouncilRequest): boolean =>
  format !== undefined && format !== null && format.type !== "text";

const mustCall = ({ final: { tool_choice: choice } }: CouncilRequest): boolean =>
  choice === "required" ||
  (typeof choice === "object" && (choice.type !== "allowed_tools" || choice.allowed_tools.mode === "required"));

const stopsOf = ({ final: { stop } }: CouncilRequest): readonly string[] =>
  typeof stop === "string" ? [stop] : (stop ?? []);

/** Characters that an answer may have, as far as the caller limits it. */
const mostCharacters = ({ maxTokens }: CouncilRequest): number =>
  maxTokens === undefined ? Number.POSITIVE_INFINITY : maxTokens * charactersPerToken;

/** Whether only a judge can answer: a draft would be something else than what was asked for. */
export const isForJudgeAlone = (request: CouncilRequest): boolean => isFormatted(request) || mustCall(request);

/** Whether a judge writes the answer also where this draft says what all say. */
export const needsJudge = (request: CouncilRequest, draft: string): boolean =>
  isForJudgeAlone(request) ||
  (request.final.tools?.length ?? 0) > 0 ||
  stopsOf(request).length > 0 ||
  draft.length > mostCharacters(request);

export interface FittedDraft {
  readonly content: string;
  /** Undefined where the draft is whole. */
  readonly finishReason?: "stop" | "length";
}

/** A draft that answers in a judge's place, within the caller's limits. */
export const fitted = (request: CouncilRequest, draft: string): FittedDraft => {
  const ends = stopsOf(request)
    .map((stop) => (stop === "" ? -1 : draft.indexOf(stop)))
    .filter((at) => at >= 0);
  const end = Math.min(draft.length, ...ends);
  const most = mostCharacters(request);
  if (end > most) return { content: draft.slice(0, most), finishReason: "length" };
  return end < draft.length ? { content: draft.slice(0, end), finishReason: "stop" } : { content: draft };
};
