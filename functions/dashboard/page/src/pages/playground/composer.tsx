import { type Signal, useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { Button } from "../../ui/button.tsx";
import { StartStopButton } from "../../ui/start-stop-button.tsx";
import { answering, clear, send, stop, turns } from "./conversation.ts";
import { keeping } from "./kept-conversation.ts";
import { isUsable, playgroundKey } from "./playground-key.ts";
import { chosenModel } from "./settings.ts";

/** Why nothing can be sent, or undefined when it can. */
const fault = (text: string): string | undefined => {
  if (!isUsable(playgroundKey.value)) return "Correct the API key first, or clear it.";
  if (chosenModel() === "") return "Choose a model first.";
  return text.trim() === "" ? "Write a message first." : undefined;
};

const keepingWords = {
  all: "Kept in this tab until you sign out or close it.",
  end: "Too long to keep whole: a reload clears its start.",
  nothing: "Not kept: a reload clears it.",
} as const;

/** Where a message is written. Enter sends, Shift+Enter starts a new line. */
export const Composer = ({ draft }: { draft: Signal<string> }) => {
  const id = useId();
  const problem = useSignal<string | undefined>(undefined);
  const submit = (): void => {
    problem.value = fault(draft.value);
    if (problem.value !== undefined || answering.value) return;
    const text = draft.value;
    draft.value = "";
    void send(text);
  };
  return (
    <div class="composer">
      <label class="visually-hidden" for={id}>
        Message
      </label>
      <textarea
        id={id}
        rows={3}
        placeholder="Ask something…"
        value={draft.value}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          submit();
        }}
      />
      <div class="composer-buttons">
        <p class="field-fault" role="status">
          {problem.value ?? ""}
        </p>
        {problem.value !== undefined || turns.value.length === 0 ? null : (
          <p class="hint">{keepingWords[keeping.value]}</p>
        )}
        {turns.value.length === 0 ? null : (
          <Button kind="quiet" onClick={clear}>
            New conversation
          </Button>
        )}
        <StartStopButton start="Send" running={answering.value} onStart={submit} onStop={() => void stop()} />
      </div>
    </div>
  );
};
