import "#adapter";
import { type MessageRules, plainRules } from "#core/providers/openai/messages.ts";
import { openAiShaped } from "#core/providers/openai/openai-shaped.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { isRecord } from "#core/values/records.ts";
import { type RequestShape, shapeRequest } from "./shape-request.ts";

const rules: MessageRules = {
  ...plainRules,
  cacheMarks: true,
  refusals: true,
  toolParts: true,
  ownFields: ["annotations", "reasoning", "reasoning_details"],
};

const microUsd = 1_000_000;

/** `max_price` in dollars for a million tokens, the lower of ours and the caller's own. Source: openrouter.ai/docs, MaxPrice. */
const maxPrice = ({ input, output }: NonNullable<ProviderCall["mostPrices"]>, asked: unknown) => {
  const own = isRecord(asked) ? asked : {};
  const lower = (most: number, price: unknown): number => {
    const wanted = Number(price ?? Number.NaN);
    return wanted >= 0 ? Math.min(most / microUsd, wanted) : most / microUsd;
  };
  return { ...own, prompt: lower(input, own.prompt), completion: lower(output, own.completion) };
};

const shape: RequestShape = {
  provider: "openrouter",
  rules,
  // OpenRouter ignores what a model's host does not accept. A JSON schema must not be ignored, so only hosts that accept
  // every parameter may answer then.
  write: (body, { open, passed }, { mostPrices }) => {
    const asked = isRecord(passed.provider) ? passed.provider : {};
    if (open.response_format !== undefined) body.response_format = open.response_format;
    if (open.response_format?.type === "json_schema") body.provider = { require_parameters: true, ...asked };
    // A host that is dearer than what was reserved must not answer.
    if (mostPrices !== undefined) {
      body.provider = { ...asked, ...(body.provider ?? {}), max_price: maxPrice(mostPrices, asked.max_price) };
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
