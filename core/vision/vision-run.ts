import type { Generation, Serving } from "#core/arena/arena-run.ts";
import { RunContext } from "#core/arena/run-context.ts";
import type { KeyPrincipal } from "#core/auth/principal.ts";
import { autoAlias } from "#core/catalog/auto.ts";
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
  readonly finishReason: string;
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

/** What is refused of the chat message that a question became, told of the field that it came from. */
const inOwnFields = (thrown: unknown, { image_urls: several }: VisionRequest): unknown => {
  if (!(thrown instanceof GatewayError)) return thrown;
  const part = /^messages\[0\]\.content\[(\d+)\]/.exec(thrown.param ?? "")?.[1];
  if (part === undefined) return thrown;
  const index = Number(part) - 1;
  const param = index < 0 ? "prompt" : several === undefined ? "image_url" : `image_urls[${index}]`;
  return new GatewayError(thrown.code, thrown.message, { ...thrown, param });
};

const requireSight = (name: string): void => {
  const { id, catalog } = resolveModel(name);
  if (catalog === undefined || catalog.input.includes("image")) return;
  throw new GatewayError("BAD_REQUEST", `${id} takes no images.`, { param: "model" });
};

/** One request for vision. Made for each request and used once. */
export class VisionRun {
  readonly #context: RequestContext;
  readonly #request: VisionRequest;
  readonly #run: RunContext;
  #serving: Serving | undefined;

  /** `auto` is resolved when the run opens. @throws GatewayError INVALID_MODEL, or BAD_REQUEST for a model that does not see */
  constructor(context: RequestContext, request: VisionRequest, { principal, providerKeySlug }: VisionCaller) {
    if (request.model !== autoAlias) requireSight(request.model);
    this.#context = context;
    this.#request = request;
    this.#run = new RunContext({ context, principal, providerKeySlug, timeoutMs, maxCostUsd: undefined });
  }

  get signal(): AbortSignal {
    return this.#run.signal;
  }

  /** Headers that tell what serves: once the answer has begun. */
  get headers(): Record<string, string> {
    if (this.#serving === undefined) return {};
    const { model, provider, simulated, attempts } = this.#serving;
    return {
      "x-model-used": model,
      "x-provider-used": simulated ? `${provider} (simulated)` : provider,
      "x-attempts": String(attempts),
    };
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
    const onServing = (serving: Serving): void => {
      this.#serving = serving;
    };
    try {
      return this.#view(await this.#run.generate({ model, messages, maxTokens, onText, onServing }));
    } catch (thrown) {
      throw inOwnFields(thrown, this.#request);
    }
  }

  #view({ content, finishReason, usage, costPicoUsd, model }: Generation): VisionAnswer {
    const { inputTokens, outputTokens } = usage;
    return {
      id: this.#context.requestId,
      model,
      content,
      finishReason,
      usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens },
      costUsd: costPicoUsd === undefined ? null : toUsd(costPicoUsd),
    };
  }
}
