import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { checkChatRequest } from "#core/chat/check-request.ts";
import { GatewayError } from "#core/errors.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { chatProvider } from "#core/providers/registry.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import type { SimulatedProviders } from "#infra/local/providers/simulated-providers.ts";
import { baseUrlOf } from "#tests/infra/local/providers/harness.ts";
import { providerCall } from "../support.ts";

export interface Target {
  readonly provider: ChatProviderId;
  readonly model: string;
}

export const targets: readonly Target[] = [
  { provider: "anthropic", model: "claude-sonnet-4-5" },
  { provider: "anthropic", model: "claude-opus-5-5" },
  { provider: "google", model: "gemini-3.1-pro-preview" },
  { provider: "x-ai", model: "grok-4.3" },
  { provider: "minimax", model: "MiniMax-M3" },
  { provider: "openrouter", model: "deepseek/deepseek-v3.2" },
  { provider: "openai", model: "gpt-4o" },
  { provider: "openai", model: "gpt-5.3-codex" },
  { provider: "bedrock", model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0" },
  { provider: "custom", model: "mine/my-model" },
];

/** What became of a request: the vendor's validator took it, or we refused it before any call. */
export type Outcome = "taken" | "refused";

/**
 * Sends a request as the gateway does, without its accounts. @throws for what no caller should see: a refusal without a path, a
 * call that the vendor's validator refuses, or a fault of ours.
 */
export const sendHostile = async (
  providers: SimulatedProviders,
  { provider, model }: Target,
  fields: Record<string, unknown>,
): Promise<Outcome> => {
  providers.clearRequests();
  try {
    // As it comes over the wire.
    const request = parseWith(chatRequestSchema, JSON.parse(JSON.stringify({ model, ...fields })));
    await checkChatRequest(request);
    const adapter = await chatProvider(provider);
    const call = providerCall({}, { provider, model, baseUrl: baseUrlOf(providers, provider) });
    // A busy machine is no fault of the request.
    const timeouts = { headersMs: 60_000, idleMs: 60_000 };
    const reply = await adapter.chat({ ...call, timeouts, request });
    if (reply.kind === "stream") for await (const _ of reply.frames);
    return "taken";
  } catch (error) {
    if (error instanceof GatewayError && error.status === 400 && error.param !== null) {
      if (providers.requests().length > 0) throw new Error(`Refused after a call: ${error.message}`);
      return "refused";
    }
    // What the stand-in made up may break a strict schema: that is about its answer.
    if (error instanceof ProviderFailure && error.kind === "malformed") return "taken";
    if (error instanceof ProviderFailure)
      throw new Error(`${provider} refused it: ${error.providerMessage ?? error.message}`);
    throw error;
  }
};
