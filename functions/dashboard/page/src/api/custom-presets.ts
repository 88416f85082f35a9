/** Known servers for custom providers, as the API has them (a test compares): what the form fills in. */

export interface CustomPreset {
  readonly id: string;
  readonly name: string;
  /** Undefined where each account has its own. */
  readonly baseUrl: string | undefined;
  readonly authHeader: AuthHeader;
  /** An example of the address. */
  readonly example?: string;
}

export const authHeaders = ["authorization", "api-key", "x-api-key"] as const;
export type AuthHeader = (typeof authHeaders)[number];

const preset = (
  id: string,
  name: string,
  baseUrl: string | undefined,
  more: Partial<CustomPreset> = {},
): CustomPreset => ({
  id,
  name,
  baseUrl,
  authHeader: "authorization",
  ...more,
});

/** All speak OpenAI's API. */
export const customPresets: readonly CustomPreset[] = [
  preset("groq", "Groq", "https://api.groq.com/openai/v1"),
  preset("mistral", "Mistral", "https://api.mistral.ai/v1"),
  preset("deepseek", "DeepSeek", "https://api.deepseek.com/v1"),
  preset("together", "Together", "https://api.together.xyz/v1"),
  preset("fireworks", "Fireworks", "https://api.fireworks.ai/inference/v1"),
  preset("cerebras", "Cerebras", "https://api.cerebras.ai/v1"),
  preset("azure", "Azure OpenAI", undefined, {
    authHeader: "api-key",
    example: "https://<resource>.openai.azure.com/openai/v1",
  }),
  preset("vllm", "vLLM", "http://localhost:8000/v1"),
  preset("ollama", "Ollama", "http://localhost:11434/v1"),
];
