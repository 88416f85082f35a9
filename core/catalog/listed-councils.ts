import { councilModels } from "./council-models.ts";

/** The smallest context of those who may sit on a council, less the drafts, tokens. */
const contextTokens = 200_000;
const answerTokens = 8_000;
const sinceSeconds = Date.parse("2026-11-29T00:00:00Z") / 1_000;

const noPrice = { input: null, output: null, cached_input: null, cache_write: null } as const;

const toListed = (id: string, name: string) => ({
  id,
  object: "model" as const,
  type: "model" as const,
  display_name: name,
  created_at: new Date(sinceSeconds * 1_000).toISOString(),
  created: sinceSeconds,
  owned_by: "concurred",
  name,
  context_window: contextTokens,
  max_output_tokens: answerTokens,
  /** A run costs what its models cost. */
  pricing: { ...noPrice, long_context: null },
  modalities: { input: ["text", "image"], output: ["text"] },
  capabilities: { tools: true, reasoning: true, jsonSchema: true },
  aliases: [],
});

/** The councils as GET /api/v1/models lists them. */
export const listedCouncils = Object.entries(councilModels).map(([id, { name }]) => toListed(id, name));
