import { isAuto } from "#core/catalog/auto.ts";
import { toUsd } from "#core/catalog/cost.ts";
import { type ResolvedModel, resolveModel } from "#core/catalog/resolve.ts";
import { type ChatSize, chatSize, reservedSize } from "#core/chat/call-size.ts";
import { type ChatChoices, resolveChoices } from "#core/chat/choices.ts";
import { collectAnswer, type Serving } from "#core/chat/collect-answer.ts";
import { inputCharacters } from "#core/chat/input-size.ts";
import type { RequestContext } from "#core/context.ts";
import { GatewayError } from "#core/errors.ts";
import type { Caller } from "#core/generation/caller.ts";
import type { GenerationEnd } from "#core/generation/generation-parts.ts";
import { providerUsed } from "#core/generation/headers.ts";
import { type MeteredRequest, meteredRequest, openRequest, settleRequest } from "#core/generation/metered-request.ts";
import { meteredUsage } from "#core/generation/metered-usage.ts";
import { mostExpensive, mostTokens } from "#core/generation/reservation.ts";
import type { ProviderOutcome } from "#core/providers/provider.ts";
import type { Target } from "#core/routing/target.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import type { VisionRequest } from "#core/schemas/vision.ts";

/** A question about images, put to a chat model that reads images. */

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
const retries = 1;

const toChatRequest = (request: VisionRequest): ChatRequest => {
  const { model, prompt, image_url: one, image_urls: several, detail, max_tokens: maxTokens } = request;
  const images = several ?? (one === undefined ? [] : [one]);
  return {
    model,
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: prompt },
          ...images.map((url) => ({
            type: "image_url" as const,
            image_url: { url, ...(detail === undefined ? {} : { detail }) },
          })),
        ],
      },
    ],
    stream: true,
    ...(maxTokens === undefined ? {} : { max_completion_tokens: maxTokens }),
  };
};

/** Renames the field of an error: the caller has not sent the chat message that the question became. */
const inOwnFields = (thrown: unknown, { image_urls: several }: VisionRequest): unknown => {
  if (!(thrown instanceof GatewayError)) return thrown;
  const part = /^messages\[0\]\.content\[(\d+)\]/.exec(thrown.param ?? "")?.[1];
  if (part === undefined) return thrown;
  const index = Number(part) - 1;
  const param = index < 0 ? "prompt" : several === undefined ? "image_url" : `image_urls[${index}]`;
  return new GatewayError(thrown.code, thrown.message, { ...thrown, param });
};

const requireImageInput = (name: string): void => {
  const { id, catalog } = resolveModel(name);
  if (catalog === undefined || catalog.input.includes("image")) return;
  throw new GatewayError("BAD_REQUEST", `${id} does not accept images.`, { param: "model" });
};

interface VisionPlan {
  readonly call: RequestContext;
  readonly request: VisionRequest;
  readonly caller: Caller;
  readonly body: ChatRequest;
  readonly choices: ChatChoices;
  readonly size: ChatSize;
}

/** One vision request. Used once. */
export class Vision {
  readonly #plan: VisionPlan;
  readonly #metered: MeteredRequest;
  #targets: readonly Target<ResolvedModel>[] = [];
  #serving: Serving | undefined;
  #outcome: ProviderOutcome | undefined;
  #served: ResolvedModel | undefined;
  #whole = false;
  #text = "";

  /** @throws GatewayError INVALID_MODEL, or BAD_REQUEST for a model that does not accept images */
  static async of(call: RequestContext, request: VisionRequest, caller: Caller): Promise<Vision> {
    if (!isAuto(request.model)) requireImageInput(request.model);
    const body = toChatRequest(request);
    const choices = resolveChoices(body, inputCharacters(body), caller);
    const models = choices.map(({ model }) => model);
    const size = await reservedSize(chatSize(body), models);
    return new Vision({ call, request, caller, body, choices, size });
  }

  private constructor(plan: VisionPlan) {
    const { call, caller, choices, size } = plan;
    const models = choices.map(({ model }) => model);
    this.#plan = plan;
    this.#metered = meteredRequest({
      call,
      caller,
      operation: "chat",
      asked: choices[0].model,
      streamed: true,
      reserve: mostExpensive(models, size),
      tokens: () => mostTokens(models, size),
      timeoutMs,
    });
    if (caller.principal.limits?.contentDays !== undefined) {
      this.#metered.generation.record((wasSent) => this.#keep(wasSent));
    }
    call.deferred.push(async () => {
      await settleRequest(this.#metered, this.#end);
    });
  }

  get signal(): AbortSignal {
    return this.#metered.scope.signal;
  }

  /** Headers that name what serves, once the answer has begun. */
  get headers(): Record<string, string> {
    if (this.#serving === undefined) return {};
    const { model, provider, simulated, attempts } = this.#serving;
    const { caller, choices } = this.#plan;
    const warnings = caller.rated?.warnings(choices[0].model.id) ?? [];
    return {
      "x-model-used": model,
      "x-provider-used": providerUsed(provider, simulated),
      "x-attempts": String(attempts),
      ...(warnings.length === 0 ? {} : { "x-warnings": warnings.join(", ") }),
    };
  }

  /** Admission, money and keys. @throws GatewayError */
  async open(): Promise<void> {
    const { caller, choices } = this.#plan;
    try {
      const { targets } = await openRequest(this.#metered, caller, choices);
      this.#targets = targets;
    } catch (thrown) {
      throw this.#metered.generation.fail(thrown);
    }
  }

  /** Asks the model. Its text is passed on as it arrives. @throws GatewayError */
  async answer(onText: (text: string) => void = () => undefined): Promise<VisionAnswer> {
    const { call, body, request, size } = this.#plan;
    const { admission, generation } = this.#metered;
    try {
      const { content } = await collectAnswer({
        generation,
        targets: this.#targets,
        body,
        completionId: `chatcmpl-${call.requestId.slice(4)}`,
        retries,
        size,
        purse: admission,
        onServing: (serving, outcome, { model }) => {
          this.#serving = serving;
          this.#outcome = outcome;
          this.#served = model;
        },
        onText: (text) => {
          this.#text += text;
          onText(text);
        },
      });
      this.#whole = true;
      return this.#view(content);
    } catch (thrown) {
      throw inOwnFields(generation.fail(thrown), request);
    }
  }

  /** Keeps the question and what was answered until now. */
  async #keep(wasSent: boolean): Promise<void> {
    const { call, caller, body } = this.#plan;
    const messages = this.#text === "" ? [] : [{ role: "assistant", parts: [{ type: "text", content: this.#text }] }];
    const { keepContent } = await import("#core/generation/keep-content.ts");
    await keepContent(
      { call, caller },
      { prompt: { messages: body.messages }, answer: () => ({ messages, cut: false }) },
      wasSent,
    );
  }

  get #end(): GenerationEnd {
    const { choices, size } = this.#plan;
    const usage = meteredUsage(this.#outcome, size.inputTokens(this.#served ?? choices[0].model));
    return { whole: this.#whole, usage, outcome: this.#outcome };
  }

  #view(content: string): VisionAnswer {
    const { generation } = this.#metered;
    const { usage, costPicoUsd } = generation.costOf(this.#end);
    const { inputTokens, outputTokens } = usage;
    return {
      id: this.#plan.call.requestId,
      model: generation.servedModel.id,
      content,
      finishReason: this.#outcome?.finishReason ?? "stop",
      usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens },
      costUsd: costPicoUsd === undefined ? null : toUsd(costPicoUsd),
    };
  }
}
