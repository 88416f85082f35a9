import { formatCount, formatMs } from "../../format.ts";
import { ErrorNotice } from "../../ui/notice.tsx";
import type { Turn } from "./conversation.ts";

const finishWords: Readonly<Record<string, string>> = {
  length: "cut off at the token limit",
  content_filter: "ended by a content filter",
  tool_calls: "ended in a tool call",
};

/** How the answer came about, in one line. */
const factsOf = ({ facts, usage, finishReason = "stop", firstTextMs, totalMs, stopped = false }: Turn): string =>
  [
    facts?.model,
    facts?.provider === undefined ? undefined : `by ${facts.provider}`,
    usage === undefined
      ? undefined
      : `${formatCount(usage.prompt_tokens)} in, ${formatCount(usage.completion_tokens)} out`,
    firstTextMs === undefined ? undefined : `first text after ${formatMs(firstTextMs)}`,
    totalMs === undefined ? undefined : `${formatMs(totalMs)} in all`,
    facts?.cache === "HIT" ? "from the cache" : undefined,
    stopped ? "stopped" : finishWords[finishReason],
  ]
    .filter((fact) => fact !== undefined)
    .join(" · ");

interface TurnViewProps {
  readonly turn: Turn;
  readonly growing: boolean;
}

export const TurnView = ({ turn, growing }: TurnViewProps) => (
  <li class={`turn ${turn.role}`}>
    <h3 class="turn-role">{turn.role === "user" ? "You" : "Answer"}</h3>
    <div class="turn-body">
      {turn.content === "" && !growing ? null : (
        <p class={growing ? "turn-text growing" : "turn-text"}>{turn.content}</p>
      )}
      <ErrorNotice error={turn.error} />
      {turn.role === "assistant" ? <p class="turn-facts">{factsOf(turn)}</p> : null}
    </div>
  </li>
);
