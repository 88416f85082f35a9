/** Known servers for custom providers: what a request with their name need not state. */

export interface CustomPreset {
  readonly name: string;
  /** Undefined where each account has its own. */
  readonly baseUrl: string | undefined;
  readonly protocol: "openai" | "anthropic";
  readonly authHeader: "authorization" | "api-key" | "x-api-key";
  /** An example of the address, for presets without a base URL. */
  readonly example?: string;
}

const openAi = (name: string, baseUrl: string | undefined, more: Partial<CustomPreset> = {}): CustomPreset => ({
  name,
  baseUrl,
  protocol: "openai",
  authHeader: "authorization",
  ...more,
});

/** Base URLs as the vendors document them, November 2026. */
export const customPresets = {
  groq: openAi("Groq", "https://api.groq.com/openai/v1"),
  mistral: openAi("Mistral", "https://api.mistral.ai/v1"),
  deepseek: openAi("DeepSeek", "https://api.deepseek.com/v1"),
  together: openAi("Together", "https://api.together.xyz/v1"),
  fireworks: openAi("Fireworks", "https://api.fireworks.ai/inference/v1"),
  cerebras: openAi("Cerebras", "https://api.cerebras.ai/v1"),
  azure: openAi("Azure OpenAI", undefined, {
    authHeader: "api-key",
    example: "https://<resource>.openai.azure.com/openai/v1",
  }),
  vllm: openAi("vLLM", "http://localhost:8000/v1"),
  ollama: openAi("Ollama", "http://localhost:11434/v1"),
} as const satisfies Readonly<Record<string, CustomPreset>>;

export type CustomPresetId = keyof typeof customPresets;

export const customPresetIds = Object.keys(customPresets) as [CustomPresetId, ...CustomPresetId[]];
