import { applyFields } from "#core/providers/apply-fields.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";

/** Fields of the table that another file of this folder puts into the body, though they pass as they are. */
const placedElsewhere = ["stream", "thinking", "output_config", "cache_control"] as const;

/**
 * The fields that leave as they came, by the field table: OpenAI's own ones without a counterpart are dropped with a
 * warning. Any other may be Anthropic's (or tomorrow's): it passes on the caller's own key; on the platform's it is dropped
 * with a warning, since fields such as `speed` or `mcp_servers` change the price that we meter.
 * @throws GatewayError for a field that the table refuses, such as `n` above 1.
 */
export const otherFields = (
  request: ChatRequest,
  byok: boolean,
  warnings: Set<string>,
  provider: "anthropic" | "bedrock" = "anthropic",
): Record<string, unknown> => {
  const { passed } = applyFields(provider, request, new Set(byok ? [] : ["platform-key"]), warnings);
  for (const name of placedElsewhere) delete passed[name];
  return passed;
};
