import type { JSONOutputFormat } from "@anthropic-ai/sdk/resources/messages";
import { isRecursive } from "#core/providers/schema/references.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import type { ModelTraits } from "./model-traits.ts";
import { hasOpenMap, toSchemaSubset } from "./schema-subset.ts";

export interface OutputFormat {
  readonly format?: JSONOutputFormat;
  /** For the end of the system prompt, where the API cannot hold the format itself. */
  readonly instruction?: string;
}

const jsonOnly =
  "Answer with one valid JSON object and nothing else: no Markdown fence, no text before it or after it.";

/**
 * response_format as Anthropic's `output_config.format`. There is no json_object mode, and older models have no format at
 * all: these are asked for JSON in the system prompt, with the warning `response_format`, since nothing enforces it.
 */
export const toOutputFormat = (
  responseFormat: ChatRequest["response_format"],
  traits: ModelTraits,
  warnings: Set<string>,
): OutputFormat => {
  if (responseFormat === null || responseFormat === undefined || responseFormat.type === "text") return {};
  const schema = responseFormat.type === "json_schema" ? responseFormat.json_schema.schema : undefined;
  // A schema that holds itself is refused: no grammar can be made of it.
  if (schema === undefined || !traits.structuredOutput || isRecursive(schema)) {
    warnings.add("response_format");
    const shape = schema === undefined ? "" : `\nIt must match this JSON Schema:\n${JSON.stringify(schema)}`;
    return { instruction: jsonOnly + shape };
  }
  if (hasOpenMap(schema)) warnings.add("response_format");
  return { format: { type: "json_schema", schema: toSchemaSubset(schema) } };
};
