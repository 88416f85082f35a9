import type { ChatRequest } from "#core/schemas/chat.ts";
import type { ModelTraits } from "./model-traits.ts";

export interface Sampling {
  temperature?: number;
  top_p?: number;
  top_k?: number;
}

const maxTemperature = 1;

/**
 * temperature (Anthropic's ends at 1), top_p and Anthropic's own top_k, where the model takes them: not with thinking, not
 * on models from Opus 4.7 on, and never temperature and top_p together on a Claude. A value that is the default anyway (1) is left out
 * without a warning.
 */
export const toSampling = (
  request: ChatRequest,
  traits: ModelTraits,
  thinks: boolean,
  warnings: Set<string>,
): Sampling => {
  const { temperature, top_p: topP } = request;
  const topK = typeof request.top_k === "number" ? request.top_k : undefined;
  const wanted = { temperature: temperature ?? undefined, top_p: topP ?? undefined, top_k: topK };
  if (!traits.samplingParameters || thinks) {
    for (const [name, value] of Object.entries(wanted)) {
      if (value !== undefined && (value !== 1 || name === "top_k")) warnings.add(name);
    }
    return {};
  }
  const sampling: Sampling = topK === undefined ? {} : { top_k: topK };
  if (wanted.temperature === undefined) {
    return wanted.top_p === undefined ? sampling : { ...sampling, top_p: wanted.top_p };
  }
  if (wanted.temperature > maxTemperature) warnings.add("temperature");
  const both = traits.thinking === "effort" && wanted.top_p !== undefined ? { top_p: wanted.top_p } : {};
  if (wanted.top_p !== undefined && wanted.top_p !== 1 && both.top_p === undefined) warnings.add("top_p");
  return { ...both, ...sampling, temperature: Math.min(wanted.temperature, maxTemperature) };
};
