import { framesOf } from "#core/arena/frames-of.ts";
import { ModelRun } from "#core/arena/model-run.ts";
import type { CouncilPriceClass } from "#core/catalog/council-models.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import { checkChatRequest, longestTimeoutMs } from "#core/chat/check-request.ts";
import { checkUrls } from "#core/chat/check-urls.ts";
import { chunksOf } from "#core/chat/chunk-reader.ts";
import { withHeaderFields } from "#core/chat/header-fields.ts";
import type { ChatOpening } from "#core/chat/open-chat.ts";
import type { OpenChat } from "#core/chat/opened-chat.ts";
import type { RequestContext } from "#core/context.ts";
import { type GatewayError, toGatewayError } from "#core/errors.ts";
import { councilOfChat } from "./council-of-chat.ts";
import type { CouncilRequest } from "./council-request.ts";
import { type CouncilPlan, planCouncil } from "./plan.ts";
import { Council, type CouncilListener, type CouncilResult } from "./run-council.ts";
import { spentUsd } from "./spent.ts";

/** A council as a chat completion: only the judge's answer is its text, and all else is told in the usage and in headers. */

interface Facts {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

const frame = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const chunkFrame = (facts: Facts, choices: readonly unknown[], extra: object = {}): string =>
  frame({ ...facts, object: "chat.completion.chunk", choices, ...extra });
const textFrame = (facts: Facts, text: string): string =>
  chunkFrame(facts, [{ index: 0, delta: { role: "assistant", content: text }, logprobs: null, finish_reason: null }]);
const endFrame = (facts: Facts, finishReason: string): string =>
  chunkFrame(facts, [{ index: 0, delta: {}, logprobs: null, finish_reason: finishReason }]);

/** A provider's chunks under the council's name, without the end: a draft may still have to answer. */
const renamed = (part: Buffer | string, facts: Facts): string =>
  chunksOf(part)
    .map((chunk) => ({
      ...chunk,
      ...facts,
      choices: chunk.choices
        .filter(({ delta }) => Object.keys(delta).length > 0)
        .map((choice) => ({ ...choice, finish_reason: null })),
    }))
    .filter(({ choices }) => choices.length > 0)
    .map(({ usage: _, ...chunk }) => frame(chunk))
    .join("");

const usageOf = (run: ModelRun, council?: CouncilResult["report"]) => {
  const { inputTokens, outputTokens } = run.totals;
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
    ...(council === undefined ? {} : { council }),
  };
};

/** What is known when the answer begins. */
interface Known {
  drafts: number;
  agreement: number | undefined;
}

/** One council behind a chat completion. Used once. */
class CouncilChat {
  readonly #run: ModelRun;
  readonly #request: CouncilRequest;
  readonly #plan: CouncilPlan;
  readonly #facts: Facts;
  readonly #warnings: Set<string>;
  readonly #known: Known = { drafts: 0, agreement: undefined };

  constructor(run: ModelRun, request: CouncilRequest, plan: CouncilPlan, facts: Facts, warnings: readonly string[]) {
    this.#run = run;
    this.#request = request;
    this.#plan = plan;
    this.#facts = facts;
    this.#warnings = new Set(warnings);
  }

  async whole(): Promise<Awaited<ReturnType<OpenChat["whole"]>>> {
    const result = await this.#hold({ tell: () => undefined, isWhole: true });
    const { content, toolCalls, finishReason, report } = result;
    const calls = toolCalls.map(({ id, name, arguments: text, extraContent, isCustom = false }) => ({
      id,
      ...(isCustom
        ? { type: "custom", custom: { name, input: text } }
        : { type: "function", function: { name, arguments: text } }),
      ...(extraContent === undefined ? {} : { extra_content: extraContent }),
    }));
    const message = {
      role: "assistant",
      content: content === "" && calls.length > 0 ? null : content,
      refusal: null,
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: finishReason }];
    const completion = { ...this.#facts, object: "chat.completion", choices, usage: usageOf(this.#run, report) };
    return { completion, headers: this.#headers() };
  }

  /** Resolves with the first words of the answer. */
  async stream(includeUsage: boolean): Promise<Awaited<ReturnType<OpenChat["stream"]>>> {
    const frames = this.#frames(includeUsage);
    const first = await frames.next();
    async function* whole(): AsyncGenerator<string> {
      try {
        if (first.done !== true) yield first.value;
        yield* frames;
      } finally {
        await frames.return();
      }
    }
    return { frames: whole(), headers: this.#headers() };
  }

  #frames(includeUsage: boolean): AsyncGenerator<string, void, undefined> {
    const facts = this.#facts;
    return framesOf(async (tell) => {
      const result = await this.#hold({
        // Of a draft that answers: what the judge says comes in parts.
        tell: (event) => {
          if (event.name === "answer.delta") tell(textFrame(facts, event.data.text));
        },
        onPart: (part) => {
          const text = renamed(part, facts);
          if (text !== "") tell(text);
        },
      });
      tell(endFrame(facts, result.finishReason));
      if (includeUsage) tell(chunkFrame(facts, [], { usage: usageOf(this.#run, result.report) }));
      tell("data: [DONE]\n\n");
    });
  }

  #hold(listener: CouncilListener): Promise<CouncilResult> {
    const known = this.#known;
    const council = new Council(this.#run, this.#request, this.#plan, {
      ...listener,
      onWarnings: (names) => {
        for (const name of names) this.#warnings.add(name);
      },
      tell: (event) => {
        if (event.name === "draft.completed") known.drafts += 1;
        if (event.name === "agreement") known.agreement = event.data.agreement;
        listener.tell(event);
      },
    });
    return council.hold();
  }

  #headers(): Readonly<Record<string, string>> {
    const { drafts, agreement } = this.#known;
    const cost = spentUsd(this.#run);
    return {
      "x-model-used": this.#facts.model,
      "x-provider-used": this.#run.simulated ? "concurred (simulated)" : "concurred",
      "x-cache": "BYPASS",
      "x-council-drafts": `${drafts}/${this.#request.models.length}`,
      "x-council-judge": this.#request.judge.model,
      ...(agreement === undefined ? {} : { "x-council-agreement": agreement.toFixed(2) }),
      ...(cost === null ? {} : { "x-council-cost-usd": cost.toFixed(9) }),
      ...(this.#warnings.size === 0 ? {} : { "x-warnings": [...this.#warnings].join(", ") }),
    };
  }
}

/**
 * Opens a council for a chat completion, whatever the dialect in which it was asked for. The judge alone has the request's
 * tools and output format. @throws GatewayError BAD_REQUEST for what no council can do
 */
export const openCouncil = async (
  call: RequestContext,
  { body: given, headers, caller, native, dialect }: ChatOpening,
  priceClass: CouncilPriceClass,
): Promise<OpenChat> => {
  const refusal = native?.untranslatable ?? native?.refusal;
  if (refusal !== undefined) throw refusal;
  const body = withHeaderFields(given, headers);
  const { request, warnings } = councilOfChat(body, headers, priceClass);
  await checkChatRequest(body);
  checkUrls(body);
  const plan = planCouncil(request);
  const timeoutMs = body.timeout ?? longestTimeoutMs(body);
  const run = new ModelRun({ call, caller, dialect, timeoutMs, maxCostUsd: undefined });
  await run.openModels(plan.models, plan.planned);
  const facts = {
    id: `chatcmpl-${call.requestId.slice(4)}`,
    created: Math.floor(call.startedAtMs / 1_000),
    model: body.model,
  };
  const council = new CouncilChat(run, request, plan, facts, warnings);
  return {
    signal: run.signal,
    fail: (thrown): GatewayError => toGatewayError(thrown),
    bill: () => {
      const { inputTokens, outputTokens, costPicoUsd } = run.totals;
      return { usage: { ...noTokens, inputTokens, outputTokens }, costPicoUsd };
    },
    whole: () => council.whole(),
    stream: () => council.stream(body.stream_options?.include_usage === true),
  };
};
