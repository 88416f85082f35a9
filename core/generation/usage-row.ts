import type { CatalogModel } from "#core/catalog/model.ts";
import {
  type AttemptRecord,
  deleteOpenUsage,
  putOpenUsage,
  settleUsage,
  type UsageStatus,
} from "#core/db/usage-events.ts";
import type { GenerationCost } from "./unanswered-cost.ts";
import { withRetries } from "./with-retries.ts";

/** A model as usage names it. `catalog` has the token prices; media brings its own cost. */
export interface MeteredModel {
  readonly id: string;
  readonly provider: string;
  readonly catalog?: CatalogModel | undefined;
  /** Of a media model, whose end the vendor has announced. */
  readonly deprecated?: NonNullable<CatalogModel["deprecated"]>;
}

/** What is known when a generation begins. */
export interface UsageRowOptions {
  readonly userId: string;
  readonly keyId: string | undefined;
  readonly requestId: string;
  /** UTC day on which the request began. */
  readonly day: string;
  /** Position among the generations of the request, from 0. */
  readonly generation: number;
  /** Of a run of several generations. */
  readonly runId?: string | undefined;
  readonly route: string;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Of the calling key. */
  readonly keyTags?: Readonly<Record<string, string>> | undefined;
  /** Budget of the calling key and its period. A call on the caller's own provider key counts only where the budget includes those. */
  readonly budget?: string | undefined;
  /** Of a key that records content: how long that is kept. */
  readonly contentDays?: number | undefined;
  /** How the client asked, where it could have asked otherwise. */
  readonly dialect?: string | undefined;
  readonly model: MeteredModel;
  /** As the caller named it. */
  readonly askedModel?: string | undefined;
  /** The caller's own provider key will pay: nothing is reserved of the daily cap. */
  readonly byok: boolean;
  readonly streamed: boolean;
  /** Of the daily cap. */
  readonly reservePicoUsd: bigint;
  /** Unix ms. */
  readonly startedAtMs: number;
  /** Unix ms after which the function cannot be running any more. */
  readonly untilMs: number;
}

/** What is known when it has ended. */
export interface UsageEnd {
  readonly status: UsageStatus;
  readonly code: string | undefined;
  /** The model and provider that answered. */
  readonly served: MeteredModel;
  readonly byok: boolean;
  readonly cacheHit: boolean;
  /** The caller's key that the provider was asked with. */
  readonly providerKeyId?: string | undefined;
  readonly cost: GenerationCost;
  /** For media. */
  readonly units: { readonly unit: string; readonly units: number } | undefined;
  /** What the provider says that its answer cost. */
  readonly providerCostPicoUsd?: bigint | undefined;
  readonly cache?: "HIT" | "MISS" | "BYPASS" | undefined;
  readonly finishReason?: string | undefined;
  /** Types of what the guardrails found. */
  readonly findings?: readonly string[] | undefined;
  /** Of the answer. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly attempts: readonly AttemptRecord[];
  readonly latencyMs: number;
  readonly timeToFirstTokenMs: number | undefined;
}

/** Of texts that others make, in a row: it stays small. */
const maxTextLength = 500;

const rounded = (ms: number | string | undefined): number | undefined =>
  ms === undefined ? undefined : Math.round(Number(ms));

/** One generation's usage row: open, then settled exactly once. */
export class UsageRow {
  readonly #options: UsageRowOptions;
  #opened: Promise<void> | undefined;

  constructor(options: UsageRowOptions) {
    this.#options = options;
  }

  /** Writes the open row. @throws AwsError */
  open(): Promise<void> {
    this.#opened = this.#open();
    return this.#opened;
  }

  /** @throws AwsError */
  async #open(): Promise<void> {
    const { model, untilMs, startedAtMs, reservePicoUsd, keyTags, ...facts } = this.#options;
    const tags = keyTags && (await import("#core/values/tags.ts")).withKeyTags(keyTags, facts.tags);
    await putOpenUsage({
      ...facts,
      ...(tags && { tags }),
      model: model.id,
      askedModel: facts.askedModel ?? model.id,
      provider: model.provider,
      startedAt: startedAtMs,
      reservedPicoUsd: facts.byok ? 0n : reservePicoUsd,
      runId: facts.runId,
      dialect: facts.dialect,
      openUntil: Math.ceil(untilMs / 1_000),
    });
  }

  /** Deletes the open row, if it was ever written. @throws AwsError */
  async discard(): Promise<void> {
    // A write whose answer was lost may have been made.
    await this.#opened?.catch(() => undefined);
    if (this.#opened !== undefined) await withRetries(() => deleteOpenUsage(this.#options));
  }

  /** Settles the row exactly once. @throws AwsError */
  async settle(end: UsageEnd): Promise<void> {
    const { userId, day, requestId, generation, keyId } = this.#options;
    const { served, cost, units, headers = {}, findings } = end;
    const { usage, costPicoUsd, byokCostPicoUsd } = cost;
    // The open row has to be there before it can be settled.
    const isOpen = await this.#opened?.then(
      () => true,
      () => false,
    );
    const write = () =>
      settleUsage({
        userId,
        day,
        requestId,
        generation,
        keyId,
        status: end.status,
        code: end.code,
        model: served.id,
        provider: served.provider,
        byok: end.byok,
        cacheHit: end.cacheHit,
        providerKeyId: end.providerKeyId,
        inputTokens: usage.inputTokens,
        cachedInputTokens: usage.cachedInputTokens,
        cacheWriteInputTokens: usage.cacheWriteInputTokens + usage.longCacheWriteInputTokens,
        outputTokens: usage.outputTokens,
        reasoningTokens: usage.reasoningTokens,
        unit: units?.unit,
        units: units?.units,
        estimated: usage.estimated,
        costPicoUsd,
        byokCostPicoUsd,
        providerCostPicoUsd: end.providerCostPicoUsd,
        cache: end.cache,
        finishReason: end.finishReason?.slice(0, maxTextLength),
        findings: findings === undefined ? undefined : [...findings],
        warnings: headers["x-warnings"]?.slice(0, maxTextLength),
        overheadMs: rounded(headers["x-gateway-overhead-ms"]),
        attempts: [...end.attempts],
        latencyMs: Math.round(end.latencyMs),
        timeToFirstTokenMs: rounded(end.timeToFirstTokenMs),
      });
    // A row that was never seen is not worth retries, which would only burden a table in trouble.
    await (isOpen === true ? withRetries(write) : write());
  }
}
