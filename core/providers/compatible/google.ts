import "#adapter";
import { openAiShaped } from "#core/providers/openai/openai-shaped.ts";
import { toGoogleRequest } from "./google-request.ts";

/**
 * Gemini over Google's OpenAI-compatible endpoint. Requests are shaped here; answers, tool calls included, by what every
 * OpenAI-shaped provider shares: core/providers/openai/contract-*.ts, whole-calls.ts and streamed-calls.ts. Thoughts are in neither of its counts: the gap to the total is them.
 */
export const googleProvider = openAiShaped({
  provider: "google",
  reasoning: "total-minus-prompt",
  toRequest: toGoogleRequest,
});
