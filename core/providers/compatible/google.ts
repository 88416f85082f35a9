import { openAiShaped } from "#core/providers/openai/openai-shaped.ts";
import { toGoogleRequest } from "./google-request.ts";

/** Gemini over Google's OpenAI-compatible endpoint. Thoughts are in neither of its counts: the gap to the total is them. */
export const googleProvider = openAiShaped({
  provider: "google",
  reasoning: "total-minus-prompt",
  toRequest: toGoogleRequest,
});
