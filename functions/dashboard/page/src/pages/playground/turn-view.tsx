import { useSignal } from "@preact/signals";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import type { ChatUsage } from "../../api/chat.ts";
import { formatCost, formatCount, formatMs } from "../../format.ts";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Markdown } from "../../ui/markdown.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { costOf } from "./cost.ts";
import type { Lane } from "./lane.ts";
import { isUsable, playgroundKey } from "./playground-key.ts";
import { listedModels } from "./settings.ts";
import { ToolCalls, ToolResults } from "./tool-results.tsx";
import { alternativesOf, type Turn } from "./turns.ts";

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

interface TurnProps {
  readonly lane: Lane;
  readonly turn: Turn;
}

/** Which of the alternatives is shown, and the way to the others. */
const Branches = ({ lane, turn }: TurnProps) => {
  const all = alternativesOf(lane.turns.value, turn);
  if (all.length < 2) return null;
  const place = all.indexOf(turn);
  const step = (by: number): void => {
    const other = all[(place + by + all.length) % all.length];
    if (other !== undefined) lane.show(other);
  };
  return (
    <span class="branches">
      <Button small kind="quiet" icon="left" label="Previous version" onClick={() => step(-1)}>
        <span class="visually-hidden">Previous</span>
      </Button>
      <span class="hint">
        {place + 1} of {all.length}
      </span>
      <Button small kind="quiet" icon="right" label="Next version" onClick={() => step(1)}>
        <span class="visually-hidden">Next</span>
      </Button>
    </span>
  );
};

interface ActionsProps extends TurnProps {
  readonly onEdit: () => void;
}

const Actions = ({ lane, turn, onEdit }: ActionsProps) => (
  <div class="turn-actions">
    <Branches lane={lane} turn={turn} />
    {turn.content === "" ? null : (
      <CopyButton small kind="quiet" text={turn.content}>
        Copy
      </CopyButton>
    )}
    {turn.role === "user" ? (
      <Button small kind="quiet" icon="edit" onClick={onEdit}>
        Edit
      </Button>
    ) : null}
    {turn.role === "assistant" && isUsable(playgroundKey.value) ? (
      <Button small kind="quiet" icon="rotate" onClick={() => void lane.regenerate(turn)}>
        Regenerate
      </Button>
    ) : null}
  </div>
);

interface EditProps extends TurnProps {
  readonly onEnd: () => void;
}

/** A message while it is changed. Sending makes a branch; the first version stays. */
const Edit = ({ lane, turn, onEnd }: EditProps) => {
  const id = useId();
  const text = useSignal(turn.content);
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  return (
    <form
      class="turn-edit"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.value.trim() === "") return;
        onEnd();
        void lane.edit(turn, text.value);
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onEnd();
      }}
    >
      <label class="visually-hidden" for={id}>
        Changed message
      </label>
      <textarea
        ref={field}
        id={id}
        rows={3}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
      <div class="form-buttons">
        <Button small kind="quiet" onClick={onEnd}>
          Cancel
        </Button>
        <Button small kind="primary" type="submit">
          Send as a new version
        </Button>
      </div>
    </form>
  );
};

const Said = ({ turn }: { turn: Turn }) => (
  <>
    {turn.images === undefined ? null : (
      <ul class="attachments" aria-label="Images of this message">
        {turn.images.map((image, index) => (
          <li key={image}>
            <img src={image} alt={`Attachment ${index + 1}`} />
          </li>
        ))}
      </ul>
    )}
    {turn.content === "" ? null : <p class="turn-text">{turn.content}</p>}
  </>
);

const roleNames = { user: "You", assistant: "Answer", tool: "Tool result" } as const;

interface TurnViewProps extends TurnProps {
  readonly growing: boolean;
  readonly isLast: boolean;
}

export const TurnView = ({ lane, turn, growing, isLast }: TurnViewProps) => {
  const editing = useSignal(false);
  const { role, content, toolCalls = [], toolCall } = turn;
  const idle = !lane.answering.value;
  if (editing.value && idle) {
    return (
      <li class={`turn ${role}`}>
        <h2 class="turn-role">You</h2>
        <Edit
          lane={lane}
          turn={turn}
          onEnd={() => {
            editing.value = false;
          }}
        />
      </li>
    );
  }
  return (
    <li class={`turn ${role}`}>
      <h2 class="turn-role">{toolCall === undefined ? roleNames[role] : `Result of ${toolCall.function.name}`}</h2>
      <div class="turn-body">
        {role === "assistant" ? null : <Said turn={turn} />}
        {role !== "assistant" || (content === "" && !(growing && toolCalls.length === 0)) ? null : (
          <Markdown text={content} growing={growing} />
        )}
        <ToolCalls calls={toolCalls} />
        <ErrorNotice error={turn.error} logged />
        {role === "assistant" ? <p class="turn-facts">{factsOf(turn)}</p> : null}
        {isLast && idle && toolCalls.length > 0 ? <ToolResults lane={lane} calls={toolCalls} /> : null}
        {idle && role !== "tool" ? (
          <Actions
            lane={lane}
            turn={turn}
            onEdit={() => {
              editing.value = true;
            }}
          />
        ) : null}
      </div>
    </li>
  );
};
