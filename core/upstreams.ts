import { readHere, secret } from "./config.ts";
import * as rows from "./settings/upstreams.ts";

/** Where the gateway calls out to, and with which keys of the platform. */

/** Of each provider: its address as the vendor's own SDK has it, and the platform's key. */
const providers = {
  openai: [rows.openaiBaseUrl, "https://api.openai.com/v1", "OpenaiApiKey"],
  anthropic: [rows.anthropicBaseUrl, "https://api.anthropic.com", "AnthropicApiKey"],
  google: [rows.googleBaseUrl, "https://generativelanguage.googleapis.com/v1beta/openai", "GoogleApiKey"],
  "x-ai": [rows.xaiBaseUrl, "https://api.x.ai/v1", "XaiApiKey"],
  openrouter: [rows.openrouterBaseUrl, "https://openrouter.ai/api/v1", "OpenrouterApiKey"],
  minimax: [rows.minimaxBaseUrl, "https://api.minimax.io/v1", "MinimaxApiKey"],
  fashn: [rows.fashnBaseUrl, "https://api.fashn.ai/v1", "FashnApiKey"],
  fal: [rows.falBaseUrl, "https://queue.fal.run", "FalApiKey"],
  bfl: [rows.bflBaseUrl, "https://api.bfl.ai/v1", "BflApiKey"],
  exa: [rows.exaBaseUrl, "https://api.exa.ai", "ExaApiKey"],
  langfuse: [rows.langfuseBaseUrl, "https://cloud.langfuse.com", "LangfuseSecretKey"],
} as const;

export type UpstreamId = keyof typeof providers;

/** The address of a provider. @throws Error in one sentence for a bad setting */
export const providerBaseUrl = (provider: UpstreamId): string => {
  const [row, fallback] = providers[provider];
  return readHere(row) ?? fallback;
};

export const defaultBedrockRegion = "us-east-1";

/** The address of Amazon Bedrock in a region. @throws Error in one sentence for a bad setting */
export const bedrockBaseUrl = (region: string = defaultBedrockRegion): string =>
  readHere(rows.bedrockBaseUrl) ?? `https://bedrock-runtime.${region}.amazonaws.com`;

/** The platform's own key for a provider, or undefined when the operator set none. */
export const providerApiKey = (provider: Exclude<UpstreamId, "langfuse">): string | undefined =>
  secret(providers[provider][2]);

/** Langfuse's keys, or undefined unless both are set. */
export const langfuseKeys = () => {
  const publicKey = secret("LangfusePublicKey");
  const secretKey = secret("LangfuseSecretKey");
  return publicKey === undefined || secretKey === undefined ? undefined : { publicKey, secretKey };
};
