import type { ChatUsage } from "../../api/chat.ts";
import { formatCost, formatCount, formatMs } from "../../format.ts";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Markdown } from "../../ui/markdown.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { answering, regenerate, type Turn, takeBack } from "./conversation.ts";
import { costOf } from "./cost.ts";
import { isUsable, playgroundKey } from "./playground-key.ts";
import { listedModels } from "./settings.ts";

const finishWords: Readonly<Record<string, string>> = {
  length: "cut off at the token limit",
  content_filter: "ended by a content filter",
  tool_calls: "ended in a tool call",
};

const costText = (model: string | undefined, usage: ChatUsage | undefined): string | undefined => {
  const cost = usage === undefined ? undefined : costOf(listedModels.value, model, usage);
  return cost === undefined ? undefined : `about ${formatCost(cost)}`;
};

/** Facts about the answer in one line. */
const factsOf = ({ facts, usage, finishReason = "stop", firstTextMs, totalMs, stopped = false }: Turn): string =>
  [
    facts?.model,
    facts?.provider === undefined ? undefined : `by ${facts.provider}`,
    usage === undefined
      ? undefined
      : `${formatCount(usage.prompt_tokens)} in, ${formatCount(usage.completion_tokens)} out`,
    costText(facts?.model, usage),
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
  /** Receives the text of a message that is edited. */
  readonly onEdit: (text: string) => void;
}

const Actions = ({ turn, onEdit }: Omit<TurnViewProps, "growing">) => (
  <div class="turn-actions">
    {turn.content === "" ? null : (
      <CopyButton small kind="quiet" text={turn.content}>
        Copy
      </CopyButton>
    )}
    {turn.role === "user" ? (
      <Button small kind="quiet" icon="edit" onClick={() => onEdit(takeBack(turn.id))}>
        Edit
      </Button>
    ) : !isUsable(playgroundKey.value) ? null : (
      <Button small kind="quiet" icon="rotate" onClick={() => void regenerate(turn.id)}>
        Regenerate
      </Button>
    )}
  </div>
);

export const TurnView = ({ turn, growing, onEdit }: TurnViewProps) => (
  <li class={`turn ${turn.role}`}>
    <h3 class="turn-role">{turn.role === "user" ? "You" : "Answer"}</h3>
    <div class="turn-body">
      {turn.role === "user" ? <p class="turn-text">{turn.content}</p> : null}
      {turn.role === "user" || (turn.content === "" && !growing) ? null : (
        <Markdown text={turn.content} growing={growing} />
      )}
      <ErrorNotice error={turn.error} logged />
      {turn.role === "assistant" ? <p class="turn-facts">{factsOf(turn)}</p> : null}
      {answering.value ? null : <Actions turn={turn} onEdit={onEdit} />}
    </div>
  </li>
);
