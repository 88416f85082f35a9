import type { Generation } from "#core/arena/arena-run.ts";
import { RunContext } from "#core/arena/run-context.ts";
import type { KeyPrincipal } from "#core/auth/principal.ts";
import { toUsd } from "#core/catalog/cost.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import type { RequestContext } from "#core/context.ts";
import { GatewayError } from "#core/errors.ts";
import type { ChatMessage } from "#core/schemas/chat.ts";
import type { VisionRequest } from "#core/schemas/vision.ts";

/** A question about images, put to a chat model that sees: the chat providers' own path, metered as theirs. */

export interface VisionCaller {
  readonly principal: KeyPrincipal;
  readonly providerKeySlug: string | undefined;
}

export interface VisionAnswer {
  readonly id: string;
  readonly model: string;
  readonly content: string;
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number; readonly totalTokens: number };
  /** USD; null for an unknown price. */
  readonly costUsd: number | null;
}

const timeoutMs = 120_000;
/** An image is reckoned as this many characters when money is reserved. */
const imageCharacters = 4_000;

const toMessage = ({ prompt, image_url: one, image_urls: several, detail }: VisionRequest): ChatMessage => ({
  role: "user",
  content: [
    { type: "text", text: prompt },
    ...(several ?? (one === undefined ? [] : [one])).map((url) => ({
      type: "image_url" as const,
      image_url: { url, ...(detail === undefined ? {} : { detail }) },
    })),
  ],
});

/** One request for vision. Made for each request and used once. */
export class VisionRun {
  readonly #context: RequestContext;
  readonly #request: VisionRequest;
  readonly #run: RunContext;
  readonly #modelId: string;

  /** @throws GatewayError INVALID_MODEL, or BAD_REQUEST for a model that does not see */
  constructor(context: RequestContext, request: VisionRequest, { principal, providerKeySlug }: VisionCaller) {
    const { id, catalog } = resolveModel(request.model);
    if (catalog !== undefined && !catalog.input.includes("image")) {
      throw new GatewayError("BAD_REQUEST", `${id} takes no images.`, { param: "model" });
    }
    this.#context = context;
    this.#request = request;
    this.#modelId = id;
    this.#run = new RunContext({ context, principal, providerKeySlug, timeoutMs, maxCostUsd: undefined });
  }

  get signal(): AbortSignal {
    return this.#run.signal;
  }

  get headers(): Record<string, string> {
    return { "x-model-used": this.#modelId };
  }

  /** Admission, money and keys. @throws GatewayError */
  open(): Promise<void> {
    const { model, prompt, image_urls: several, max_tokens: maxTokens } = this.#request;
    const characters = prompt.length + imageCharacters * (several?.length ?? 1);
    const limit = maxTokens === undefined ? {} : { max_completion_tokens: maxTokens };
    return this.#run.open([model], { messages: [toMessage(this.#request)], ...limit }, characters);
  }

  /** Asks the model; its words are told as they come. @throws GatewayError */
  async answer(onText: (text: string) => void = () => undefined): Promise<VisionAnswer> {
    const { model, max_tokens: maxTokens } = this.#request;
    const messages = [toMessage(this.#request)];
    return this.#view(await this.#run.generate({ model, messages, maxTokens, onText }));
  }

  #view({ content, usage, costPicoUsd, model }: Generation): VisionAnswer {
    const { inputTokens, outputTokens } = usage;
    return {
      id: this.#context.requestId,
      model,
      content,
      usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens },
      costUsd: costPicoUsd === undefined ? null : toUsd(costPicoUsd),
    };
  }
}
