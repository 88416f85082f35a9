import { baseUrl } from "./kinds.ts";
import { setting } from "./read.ts";

/** Other addresses of the providers, such as a proxy's: rows of the table like those in stage.ts. */

export const openaiBaseUrl = setting("OPENAI_BASE_URL", baseUrl);
export const anthropicBaseUrl = setting("ANTHROPIC_BASE_URL", baseUrl);
export const googleBaseUrl = setting("GOOGLE_BASE_URL", baseUrl);
export const xaiBaseUrl = setting("XAI_BASE_URL", baseUrl);
export const openrouterBaseUrl = setting("OPENROUTER_BASE_URL", baseUrl);
export const minimaxBaseUrl = setting("MINIMAX_BASE_URL", baseUrl);
export const fashnBaseUrl = setting("FASHN_BASE_URL", baseUrl);
export const falBaseUrl = setting("FAL_BASE_URL", baseUrl);
export const bflBaseUrl = setting("BFL_BASE_URL", baseUrl);
export const bedrockBaseUrl = setting("BEDROCK_BASE_URL", baseUrl);
export const exaBaseUrl = setting("EXA_BASE_URL", baseUrl);
export const langfuseBaseUrl = setting("LANGFUSE_BASE_URL", baseUrl);
