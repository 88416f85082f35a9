import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { ChoiceFindings } from "./choice-findings.ts";
import { ChunkTransform } from "./chunk-transform.ts";
import type { FindingCount } from "./finding.ts";
import type { Moderate } from "./moderation.ts";
import { PiiChannel } from "./pii-channel.ts";
import { Placeholders } from "./placeholders.ts";
import type { Restorer } from "./restorer.ts";
import type { GuardrailSide } from "./settings.ts";
import { StreamModeration } from "./stream-moderation.ts";
import { inOrder, type TextChannel } from "./text-channel.ts";

/** What the output of one request passes through. */
export interface OutputGuardOptions {
  /** `settings.output`. */
  readonly settings: GuardrailSide;
  /** Those of the input, so that a placeholder means one value in the whole request. */
  readonly placeholders?: Placeholders | undefined;
  /** Of the redacted input: gives the caller their own values back. */
  readonly restore?: Restorer | undefined;
  readonly moderate: Moderate;
  readonly signal: AbortSignal;
  /** How many choices were asked for (`n`). */
  readonly choices?: number | undefined;
}

type Chunks = ChatCompletionChunk[];

interface Stage {
  push(chunk: ChatCompletionChunk): Chunks | Promise<Chunks>;
  end(): Chunks | Promise<Chunks>;
}

/** Whether an answer has to be read at all: else its bytes may pass as they came. */
export const needsOutputGuard = ({ settings, restore }: Pick<OutputGuardOptions, "settings" | "restore">): boolean =>
  settings.pii !== undefined || settings.content_moderation !== undefined || restore !== undefined;

/** Makes the channel of each text: judged first, then the caller's own values put back. */
export const textChannels = (
  { settings, placeholders = new Placeholders() }: OutputGuardOptions,
  findings: ChoiceFindings,
  restore: Restorer | undefined,
) => {
  const { pii: action } = settings;
  return (choice: number, json: boolean): TextChannel => {
    const restoring = restore?.channel(json);
    if (action === undefined) return restoring ?? passing;
    const tally = findings.of(choice);
    const judging = new PiiChannel({ action, json, placeholders, onFinding: (type) => tally.add("pii", type) });
    return restoring === undefined ? judging : inOrder(judging, restoring);
  };
};

const passing: TextChannel = { push: (piece) => piece, end: () => "", blocked: false };

/**
 * The guardrails of a streamed answer, chunk by chunk. Of what a guardrail blocks or redacts nothing leaves, however the
 * provider cut it into chunks. Without moderation it works synchronously.
 */
export class OutputGuard {
  readonly #stages: readonly Stage[];
  readonly #findings = new ChoiceFindings();
  /** How many choices the answer will have. */
  readonly choices: number;

  constructor(options: OutputGuardOptions) {
    const { settings, restore, moderate, signal } = options;
    const { pii, content_moderation: moderation } = settings;
    const findings = this.#findings;
    this.choices = options.choices ?? 1;
    const judges = pii === "block" || pii === "redact";
    if (moderation === undefined) {
      this.#stages = [new ChunkTransform({ channel: textChannels(options, findings, restore), judges, findings })];
      return;
    }
    // The moderation, another company, sees placeholders: the caller's values are put back after it.
    const stages: Stage[] = [
      new ChunkTransform({ channel: textChannels(options, findings, undefined), judges, findings }),
      new StreamModeration({ action: moderation, moderate, signal, findings }),
    ];
    if (restore !== undefined) {
      stages.push(new ChunkTransform({ channel: (_, json) => restore.channel(json), judges: false, findings }));
    }
    this.#stages = stages;
  }

  /** What may leave now. Rejects with SERVICE_UNAVAILABLE when a moderation that must judge cannot. */
  push(chunk: ChatCompletionChunk): Chunks | Promise<Chunks> {
    return this.#through([chunk], 0);
  }

  /** The provider's stream ended: what is still held back. */
  end(): Chunks | Promise<Chunks> {
    return this.#endFrom(0);
  }

  /** Choices that a guardrail ended. */
  get blocked(): ReadonlySet<number> {
    return this.#findings.blocked;
  }

  findings(): readonly FindingCount[] {
    return this.#findings.counts();
  }

  #through(chunks: Chunks, from: number): Chunks | Promise<Chunks> {
    const stage = this.#stages[from];
    if (stage === undefined || chunks.length === 0) return chunks;
    if (stage instanceof ChunkTransform) {
      return this.#through(
        chunks.flatMap((chunk) => stage.push(chunk)),
        from + 1,
      );
    }
    return this.#judged(stage, chunks, from);
  }

  async #judged(stage: Stage, chunks: Chunks, from: number): Promise<Chunks> {
    const judged: Chunks = [];
    for (const chunk of chunks) judged.push(...(await stage.push(chunk)));
    return this.#through(judged, from + 1);
  }

  #endFrom(from: number): Chunks | Promise<Chunks> {
    const stage = this.#stages[from];
    if (stage === undefined) return [];
    const rest = stage.end();
    if (this.#stages.length === 1) return rest;
    return this.#endRest(rest, from);
  }

  async #endRest(rest: Chunks | Promise<Chunks>, from: number): Promise<Chunks> {
    const passed = await this.#through(await rest, from + 1);
    return [...passed, ...(await this.#endFrom(from + 1))];
  }
}
