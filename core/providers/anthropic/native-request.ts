import type { MessageParam } from "@anthropic-ai/sdk/resources/messages";
import type { NativeRequest } from "#core/providers/native.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { warningNames } from "#core/providers/warnings.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { traitsOf } from "./model-traits.ts";
import { reviewBetas, reviewMessages } from "./review-messages.ts";
import { lacksThinking, minBudgetTokens } from "./thinking.ts";

/** The newer version (2026-10-21) refuses temperature, top_p and top_k for every model. */
export const defaultVersion = "2023-06-01";

export interface NativeMessagesRequest {
  readonly body: JsonRecord;
  readonly headers: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

const hasSystemTurn = ({ messages }: JsonRecord): boolean =>
  Array.isArray(messages) && messages.some((message) => isRecord(message) && message.role === "system");

/** With a thinking budget Anthropic refuses calls without thinking: another provider's model made them. */
const missesThinking = ({ messages, thinking }: JsonRecord): boolean =>
  isRecord(thinking) &&
  thinking.type === "enabled" &&
  Array.isArray(messages) &&
  lacksThinking(messages as readonly MessageParam[]);

/**
 * Whether a request passes as it came. Agents send every model that they do not know what the newest Claude takes: older ones
 * would refuse it, and get a translation instead.
 */
export const passesNatively = ({ credential, model }: ProviderCall, { body }: NativeRequest): boolean => {
  if (missesThinking(body)) return false;
  if (credential.byok) return true;
  const { thinking, thinkingOff, samplingParameters } = traitsOf(model);
  const asked = isRecord(body.thinking) ? body.thinking.type : undefined;
  if (asked === "disabled" && thinkingOff !== "allowed") return false;
  if (thinking === "effort") return true;
  if (thinking === "adaptive") return asked !== "enabled" || samplingParameters;
  const effort = isRecord(body.output_config) ? (body.output_config.effort ?? undefined) : undefined;
  if (asked === "adaptive" || effort !== undefined || hasSystemTurn(body)) return false;
  return asked !== "enabled" || thinking === "budget";
};

const samplingFields = ["temperature", "top_p", "top_k"] as const;

/**
 * A thinking budget below the output limit. Agents set both to one number, which only interleaved thinking allows, and not with
 * every model.
 */
const fittingBudget = (body: JsonRecord, warnings: Set<string>): JsonRecord => {
  const { thinking, max_tokens: limit } = body;
  if (!isRecord(thinking) || thinking.type !== "enabled") return body;
  const { budget_tokens: budget } = thinking;
  if (typeof budget !== "number" || typeof limit !== "number" || budget < limit) return body;
  warnings.add("thinking.budget_tokens");
  const { thinking: _, ...unthinking } = body;
  return limit <= minBudgetTokens ? unthinking : { ...body, thinking: { ...thinking, budget_tokens: limit - 1 } };
};

/** What the model would refuse, and clients send all the same. */
const fitting = (body: JsonRecord, model: string, version: string, warnings: Set<string>): JsonRecord => {
  const { maxOutputTokens, knownLimit, samplingParameters } = traitsOf(model);
  const fits = { ...body };
  if (knownLimit && typeof body.max_tokens === "number" && body.max_tokens > maxOutputTokens) {
    warnings.add("max_tokens");
    fits.max_tokens = maxOutputTokens;
  }
  if (samplingParameters && version === defaultVersion) return fits;
  for (const name of samplingFields) {
    if (body[name] === undefined) continue;
    delete fits[name];
    if (!(name === "temperature" && body[name] === 1)) warnings.add(name);
  }
  return fits;
};

/** The headers of a request that came in this dialect. */
const headersOf = (version: string, betas: readonly string[]): Record<string, string> => ({
  "anthropic-version": version,
  ...(betas.length === 0 ? {} : { "anthropic-beta": betas.join(",") }),
});

/**
 * The body of POST /v1/messages for a request that came in this dialect: as it came with the caller's own key, and what has
 * been reviewed, and fits the model, with the platform's.
 */
export const toNativeRequest = (
  { model, credential }: Pick<ProviderCall, "model" | "credential">,
  native: NativeRequest,
): NativeMessagesRequest => {
  const { headers } = native;
  const version = headers["anthropic-version"] ?? defaultVersion;
  const beta = headers["anthropic-beta"];
  if (credential.byok) {
    return { body: { ...native.body, model }, headers: headersOf(version, beta ? [beta] : []), warnings: [] };
  }
  const warnings = new Set<string>();
  const body = fittingBudget(fitting(reviewMessages(native.body, warnings), model, version, warnings), warnings);
  const betas = reviewBetas(beta, warnings);
  return { body: { ...body, model }, headers: headersOf(version, betas), warnings: warningNames(warnings) };
};
