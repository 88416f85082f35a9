import type { MessagesRequest } from "#core/schemas/messages.ts";

/** What the client wants to see of a model's thinking. */
export interface ThinkingDisplay {
  /** Blocks of thinking are part of the answer. */
  readonly blocks: boolean;
  /** Their text, too. */
  readonly text: boolean;
}

/** Clients that ask for no thinking read the first block as the answer. */
export const displayOf = ({ thinking }: Pick<MessagesRequest, "thinking">): ThinkingDisplay => {
  const blocks = thinking !== null && thinking !== undefined && thinking.type !== "disabled";
  return { blocks, text: blocks && thinking.display !== "omitted" };
};
