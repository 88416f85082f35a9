const opening = "<think>";
const closing = "</think>";

export interface Split {
  readonly thought: string;
  readonly text: string;
}

/** How many of a text's last characters could be the beginning of a mark. */
const heldLength = (text: string, mark: string): number => {
  for (let length = Math.min(text.length, mark.length - 1); length > 0; length--) {
    if (mark.startsWith(text.slice(-length))) return length;
  }
  return 0;
};

/**
 * Takes thoughts out of a text that begins with `<think>…</think>`, however its pieces are cut. Marks further on are the
 * answer's own words.
 */
export class ThinkSplitter {
  #state: "start" | "thinking" | "after" | "text" = "start";
  #held = "";

  /** The next piece of the answer's text. */
  push(piece: string): Split {
    if (this.#state === "text") return { thought: "", text: piece };
    let rest = this.#held + piece;
    this.#held = "";
    if (this.#state === "start") {
      const trimmed = rest.trimStart();
      if (trimmed.startsWith(opening)) {
        this.#state = "thinking";
        rest = trimmed.slice(opening.length);
      } else if (opening.startsWith(trimmed)) {
        this.#held = rest;
        return { thought: "", text: "" };
      } else {
        this.#state = "text";
        return { thought: "", text: rest };
      }
    }
    return this.#state === "thinking" ? this.#think(rest) : this.#after("", rest);
  }

  /** What was held back when the answer ended. */
  end(): Split {
    const held = this.#held;
    this.#held = "";
    return this.#state === "thinking" ? { thought: held, text: "" } : { thought: "", text: held };
  }

  #think(rest: string): Split {
    const end = rest.indexOf(closing);
    if (end >= 0) {
      this.#state = "after";
      return this.#after(rest.slice(0, end), rest.slice(end + closing.length));
    }
    const held = heldLength(rest, closing);
    this.#held = held === 0 ? "" : rest.slice(-held);
    return { thought: held === 0 ? rest : rest.slice(0, -held), text: "" };
  }

  /** The blank lines between the thoughts and the answer are neither's. */
  #after(thought: string, rest: string): Split {
    const text = rest.trimStart();
    if (text !== "") this.#state = "text";
    return { thought, text };
  }
}
