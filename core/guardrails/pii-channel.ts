import { contextLength } from "./detectors/detector.ts";
import type { PiiFinding, PiiType } from "./finding.ts";
import { contextStart } from "./fold.ts";
import { JsonText } from "./json-text.ts";
import type { Placeholders } from "./placeholders.ts";
import { scanPart, scanRest } from "./scan.ts";
import type { GuardrailAction } from "./settings.ts";
import type { TextChannel } from "./text-channel.ts";

export interface PiiChannelOptions {
  readonly action: GuardrailAction;
  /** The text is JSON: a tool's arguments. */
  readonly json: boolean;
  readonly placeholders: Placeholders;
  readonly onFinding: (type: PiiType) => void;
}

/** The text that is not yet given on, with some before it, as it is read and as it is written. */
interface Source {
  readonly text: string;
  push(piece: string): void;
  end(): void;
  written(from: number, to: number): string;
  readonly inString: boolean;
  forget(before: number): void;
}

class PlainText implements Source {
  text = "";
  /** A placeholder needs no quotes. */
  readonly inString = true;

  push(piece: string): void {
    this.text += piece;
  }

  end(): void {
    // Nothing is carried.
  }

  written(from: number, to: number): string {
    return this.text.slice(from, to);
  }

  forget(before: number): void {
    this.text = this.text.slice(before);
  }
}

/** What folding looks at before a character, with some to spare. */
const foldingContextLength = 4;
const rescanLength = 1_024;
/** No key is that long: only a text made of nothing but overlapping matches gets there, and it ends as if blocked. */
const maxHeldLength = 65_536;

/**
 * A text under the `pii` guardrail. It holds back no more than a detector could still need, so a match leaves neither
 * whole nor in part however it is cut into pieces. `flag` holds nothing back.
 */
export class PiiChannel implements TextChannel {
  readonly #options: PiiChannelOptions;
  readonly #source: Source;
  #from = 0;
  #blocked = false;
  /** While a long key is held back, the text is only judged again once it has grown by a quarter. */
  #scanAtLength = 0;

  constructor(options: PiiChannelOptions) {
    this.#options = options;
    this.#source = options.json ? new JsonText() : new PlainText();
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  push(piece: string): string {
    if (this.#blocked || piece === "") return "";
    this.#source.push(piece);
    const flags = this.#options.action === "flag";
    if (this.#held() < this.#scanAtLength) return flags ? piece : "";
    const { findings, decided } = scanPart(this.#source.text, this.#from);
    const ready = this.#take(findings, decided);
    const held = this.#held();
    if (held > maxHeldLength) this.#giveUp();
    this.#scanAtLength = held > rescanLength ? held * 1.25 : 0;
    return flags ? piece : ready;
  }

  end(): string {
    if (this.#blocked) return "";
    this.#scanAtLength = 0;
    this.#source.end();
    const { text } = this.#source;
    const ready = this.#take(scanRest(text, this.#from), text.length);
    return this.#options.action === "flag" ? "" : ready;
  }

  /** Instead of `push` and `end`, for a text that is here already. */
  whole(text: string): string {
    this.#source.push(text);
    const ready = this.end();
    return this.#options.action === "flag" ? text : ready;
  }

  #held(): number {
    return this.#source.text.length - this.#from;
  }

  /** What cannot be judged does not leave. */
  #giveUp(): void {
    if (this.#options.action !== "flag") this.#blocked = true;
    this.#from = this.#source.text.length;
  }

  /** What may leave up to a place, with its findings treated. */
  #take(findings: readonly PiiFinding[], to: number): string {
    const { action, placeholders, onFinding } = this.#options;
    const source = this.#source;
    let ready = "";
    for (const { type, start, end } of findings) {
      onFinding(type);
      if (action === "flag") continue;
      ready += source.written(this.#from, start);
      if (action === "block") {
        this.#blocked = true;
        return ready;
      }
      const placeholder = placeholders.of(type, source.text.slice(start, end));
      // A bare number in JSON becomes a string.
      ready += source.inString ? placeholder : `"${placeholder}"`;
      this.#from = end;
    }
    ready += source.written(this.#from, to);
    const kept = contextStart(source.text, to, contextLength + foldingContextLength);
    if (kept > 0) source.forget(kept);
    this.#from = to - kept;
    return ready;
  }
}

/** What is left of a whole text under the `pii` guardrail. */
export const judgeText = (text: string, options: PiiChannelOptions): string => new PiiChannel(options).whole(text);
