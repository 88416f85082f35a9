/** What a guardrail found. Never the text itself: findings go into errors, headers, logs and answers. */

export const guardrailTypes = ["pii", "content_moderation"] as const;
export type GuardrailType = (typeof guardrailTypes)[number];

export const piiTypes = ["secret", "iban", "card", "ssn", "email", "phone", "ip"] as const;
export type PiiType = (typeof piiTypes)[number];

/** A place in one text; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface PiiFinding extends Span {
  readonly type: PiiType;
}

/** How often a guardrail found something of a type: as callers see it. */
export interface FindingCount {
  readonly guardrail: GuardrailType;
  /** A `PiiType`, or a category of OpenAI's moderation; `unavailable` when a flagging moderation could not be asked. */
  readonly type: string;
  readonly count: number;
}

/** Counts findings over the parts of a request or an answer. */
export class FindingTally {
  readonly #counts = new Map<string, FindingCount>();

  add(guardrail: GuardrailType, type: string, count = 1): void {
    const key = `${guardrail}:${type}`;
    this.#counts.set(key, { guardrail, type, count: (this.#counts.get(key)?.count ?? 0) + count });
  }

  addAll(counts: readonly FindingCount[]): void {
    for (const { guardrail, type, count } of counts) this.add(guardrail, type, count);
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  counts(): readonly FindingCount[] {
    return [...this.#counts.values()];
  }
}

/** Findings as a header value, such as `pii:email=2, content_moderation:violence=1`; empty without any. */
export const findingsHeader = (counts: readonly FindingCount[]): string =>
  counts.map(({ guardrail, type, count }) => `${guardrail}:${type}=${count}`).join(", ");
