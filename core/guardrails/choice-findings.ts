import { isRecord } from "#core/values/records.ts";
import { type FindingCount, FindingTally } from "./finding.ts";

/** What the guardrails found in each choice of an answer. */
export class ChoiceFindings {
  readonly #tallies = new Map<number, FindingTally>();
  readonly #blocked = new Set<number>();

  of(index: number): FindingTally {
    let tally = this.#tallies.get(index);
    if (tally === undefined) {
      tally = new FindingTally();
      this.#tallies.set(index, tally);
    }
    return tally;
  }

  block(index: number): void {
    this.#blocked.add(index);
  }

  /** Choices that a guardrail ended. */
  get blocked(): ReadonlySet<number> {
    return this.#blocked;
  }

  /** Over all choices. */
  counts(): readonly FindingCount[] {
    const all = new FindingTally();
    for (const tally of this.#tallies.values()) all.addAll(tally.counts());
    return all.counts();
  }

  /**
   * A choice with its field `guardrails`, `{blocked, findings}`: on the message's choice, or on a stream's choice that has
   * the finish reason. Where nothing was found the choice stays as it is.
   */
  mark<Choice extends { readonly index: number }>(choice: Choice, blocked: boolean): Choice {
    const findings = this.of(choice.index).counts();
    if (findings.length === 0) return choice;
    const reported = (choice as { readonly guardrails?: unknown }).guardrails;
    return {
      ...choice,
      guardrails: { blocked: blocked || (isRecord(reported) && reported.blocked === true), findings },
    };
  }
}
