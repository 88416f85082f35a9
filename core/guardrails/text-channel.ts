/** One text of an answer on its way to the caller: takes pieces, and gives on what may leave. */
export interface TextChannel {
  push(piece: string): string;
  /** The text has ended, or pauses: what is held back until now. */
  end(): string;
  /** The text must not go on. What was given on until then may leave. */
  readonly blocked: boolean;
}

/** Sends a text through two channels, one after the other. */
export const inOrder = (first: TextChannel, second: TextChannel): TextChannel => ({
  push: (piece) => second.push(first.push(piece)),
  end: () => second.push(first.end()) + second.end(),
  get blocked() {
    return first.blocked || second.blocked;
  },
});
