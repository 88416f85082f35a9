import type { PlatformChatProviderId } from "#core/catalog/provider-ids.ts";
import { providerBaseUrl } from "#core/upstreams.ts";
import { isRecord } from "#core/values/records.ts";
import type { ListedModel } from "./compare-models.ts";

/** Each provider's own list of its models, where the environment has a key. It costs nothing. */

const keyVariables: Readonly<Record<PlatformChatProviderId, string>> = {
  openai: "OPENAI_API_KEY",
  anthropic: "ANTHROPIC_API_KEY",
  google: "GEMINI_API_KEY",
  "x-ai": "XAI_API_KEY",
  openrouter: "OPENROUTER_API_KEY",
  minimax: "MINIMAX_API_KEY",
};

const timeoutMs = 30_000;

/** OpenAI tells a day as Unix seconds or as ISO 8601. */
const toDay = (value: unknown): string | undefined => {
  const date =
    typeof value === "number" ? new Date(value * 1_000) : typeof value === "string" ? new Date(value) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date.toISOString().slice(0, 10);
};

/** Reads an answer of GET /models. Google puts `models/` before its ids. */
export const readList = (body: unknown): readonly ListedModel[] =>
  (isRecord(body) && Array.isArray(body.data) ? body.data : [])
    .filter(isRecord)
    .map(({ id, shutdown_date: shutDownOn }) => ({
      id: String(id).replace(/^models\//, ""),
      shutDownOn: toDay(shutDownOn),
    }));

/** The list, or undefined without a key. @throws Error */
export const listModels = async (provider: PlatformChatProviderId): Promise<readonly ListedModel[] | undefined> => {
  const key = process.env[keyVariables[provider]];
  if (key === undefined) return undefined;
  const base = providerBaseUrl(provider);
  const isAnthropic = provider === "anthropic";
  const response = await fetch(isAnthropic ? `${base}/v1/models?limit=1000` : `${base}/models`, {
    headers: isAnthropic ? { "x-api-key": key, "anthropic-version": "2023-06-01" } : { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`${provider} answered ${response.status} to a request for its models`);
  return readList(await response.json());
};
