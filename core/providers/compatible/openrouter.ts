import { type MessageRules, plainRules } from "#core/providers/openai/messages.ts";
import { openAiShaped } from "#core/providers/openai/openai-shaped.ts";
import { isRecord } from "#core/values/is-record.ts";
import { type RequestShape, shapeRequest } from "./shape-request.ts";

const rules: MessageRules = {
  ...plainRules,
  cacheMarks: true,
  refusals: true,
  toolParts: true,
  ownFields: ["annotations", "reasoning", "reasoning_details"],
};

const shape: RequestShape = {
  provider: "openrouter",
  rules,
  // OpenRouter ignores what a model's host does not accept. A JSON schema must not be ignored, so only hosts that accept
  // every parameter may answer then.
  write: (body, { open, passed }) => {
    if (open.response_format !== undefined) body.response_format = open.response_format;
    if (open.response_format?.type === "json_schema") {
      body.provider = { require_parameters: true, ...(isRecord(passed.provider) ? passed.provider : {}) };
    }
  },
};

/** OpenRouter: its comments, its errors inside a 200 and its usage at the end of every stream are read by the tap. */
export const openrouterProvider = openAiShaped({
  provider: "openrouter",
  reasoning: "included",
  headers: { "x-openrouter-title": "Concurred" },
  toRequest: (call) => shapeRequest(shape, call),
});
