import "#adapter";
import { openAiShaped } from "#core/providers/openai/openai-shaped.ts";
import { MinimaxAnswer } from "./minimax-answer.ts";
import { toMinimaxRequest } from "./minimax-request.ts";

/** MiniMax over its OpenAI-compatible endpoint. */
export const minimaxProvider = openAiShaped({
  provider: "minimax",
  reasoning: "included",
  toRequest: toMinimaxRequest,
  newAnswer: () => new MinimaxAnswer(),
});
