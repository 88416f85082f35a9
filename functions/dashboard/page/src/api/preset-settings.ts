/** What a preset may set, as the API names it. */

export const guardrailTypes = ["pii", "content_moderation"] as const;
export type GuardrailType = (typeof guardrailTypes)[number];
export const guardrailActions = ["block", "redact", "flag"] as const;
export type GuardrailAction = (typeof guardrailActions)[number];

/** A bare name blocks. */
export type Guardrail = GuardrailType | { readonly type: GuardrailType; readonly action: GuardrailAction };

export interface ProviderPreferences {
  readonly order?: readonly string[];
  readonly only?: readonly string[];
  readonly ignore?: readonly string[];
  readonly sort?: "price" | "latency" | "throughput";
  /** USD for a million tokens. */
  readonly max_price?: { readonly prompt?: number; readonly completion?: number };
  readonly allow_fallbacks?: boolean;
}

/** What is sent with a request, and how the gateway treats it. */
export const parameterNames = [
  "temperature",
  "top_p",
  "max_tokens",
  "max_completion_tokens",
  "seed",
  "frequency_penalty",
  "presence_penalty",
  "reasoning_effort",
  "retries",
  "timeout",
] as const;
export type ParameterName = (typeof parameterNames)[number];

export interface PresetSettings extends Partial<Readonly<Record<ParameterName, unknown>>> {
  readonly model: string;
  readonly fallback?: readonly string[];
  readonly guardrails?: { readonly input?: readonly Guardrail[]; readonly output?: readonly Guardrail[] };
  readonly provider?: ProviderPreferences;
}
