import { useSignal } from "@preact/signals";
import type { ToolCall } from "../../api/chat.ts";
import { Button } from "../../ui/button.tsx";
import { CodeBlock } from "../../ui/code-block.tsx";
import type { Lane } from "./lane.ts";

/** Indented JSON, or the text as the model wrote it. */
const readable = (text: string): string => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};

/** What the model wants to call. */
export const ToolCalls = ({ calls }: { calls: readonly ToolCall[] }) => (
  <>
    {calls.map(({ id, function: { name, arguments: input } }) => (
      <div key={id} class="tool-call">
        <p class="turn-role">Calls {name}</p>
        <CodeBlock text={readable(input)} lang="json" />
      </div>
    ))}
  </>
);

interface ToolResultsProps {
  readonly lane: Lane;
  readonly calls: readonly ToolCall[];
}

/** Takes what the tools would have returned: nothing is run here. */
export const ToolResults = ({ lane, calls }: ToolResultsProps) => {
  const results = useSignal<Readonly<Record<string, string>>>({});
  return (
    <form
      class="tool-results"
      onSubmit={(event) => {
        event.preventDefault();
        void lane.sendResults(calls.map((call) => ({ call, content: results.value[call.id] ?? "" })));
      }}
    >
      {calls.map(({ id, function: { name } }) => (
        <label key={id} class="field">
          Result of {name}
          <textarea
            rows={2}
            placeholder='{"temperature": 21}'
            onInput={(event) => {
              results.value = { ...results.value, [id]: event.currentTarget.value };
            }}
          />
        </label>
      ))}
      <Button type="submit">Send results</Button>
    </form>
  );
};
