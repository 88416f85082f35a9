import { type PiiType, piiTypes } from "./finding.ts";
import { Restorer } from "./restorer.ts";

const nameOf = (type: PiiType): string => type.toUpperCase();

/** A placeholder as it stands in a text, such as `[EMAIL_1]`. */
const anyPlaceholder = new RegExp(`\\[(?:${piiTypes.map(nameOf).join("|")})_\\d{1,6}\\]`, "g");

/**
 * Names for redacted values, made for one request and used for its answer too: the same value is always the same
 * placeholder, so that a model can still tell two people apart, and no placeholder is one that the caller wrote.
 */
export class Placeholders {
  readonly #byValue = new Map<string, string>();
  readonly #values = new Map<string, string>();
  readonly #lastNumber = new Map<PiiType, number>();
  readonly #written = new Set<string>();

  /** Notes what looks like a placeholder in the caller's own text: it must come back as it was written. */
  reserve(text: string): void {
    if (!text.includes("[")) return;
    for (const [written] of text.matchAll(anyPlaceholder)) this.#written.add(written);
  }

  /** The placeholder of a value. */
  of(type: PiiType, value: string): string {
    const key = `${type} ${value}`;
    const known = this.#byValue.get(key);
    if (known !== undefined) return known;
    let number = this.#lastNumber.get(type) ?? 0;
    let placeholder: string;
    do {
      number += 1;
      placeholder = `[${nameOf(type)}_${number}]`;
    } while (this.#written.has(placeholder));
    this.#lastNumber.set(type, number);
    this.#byValue.set(key, placeholder);
    this.#values.set(placeholder, value);
    return placeholder;
  }

  /** Puts back what was redacted until now, and nothing that is redacted later. Undefined when there is nothing. */
  restorer(): Restorer | undefined {
    return this.#values.size === 0 ? undefined : new Restorer(new Map(this.#values));
  }
}
