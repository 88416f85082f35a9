/** Follows a JSON text that comes in pieces just closely enough to know when its object or list is closed. */
export class JsonScan {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #closed = false;
  #blank = true;

  push(text: string): void {
    for (const character of text) {
      if (this.#inString) this.#inside(character);
      else this.#outside(character);
    }
  }

  /** Nothing but white space has come. */
  get blank(): boolean {
    return this.#blank;
  }

  /** What was begun has been closed: more of it would not be JSON. */
  get closed(): boolean {
    return this.#closed;
  }

  #inside(character: string): void {
    if (this.#escaped) this.#escaped = false;
    else if (character === "\\") this.#escaped = true;
    else if (character === '"') this.#inString = false;
  }

  #outside(character: string): void {
    if (character.trim() === "") return;
    this.#blank = false;
    this.#closed = false;
    if (character === '"') this.#inString = true;
    else if (character === "{" || character === "[") this.#depth += 1;
    else if (character === "}" || character === "]") {
      this.#depth -= 1;
      this.#closed = this.#depth === 0;
    }
  }
}
