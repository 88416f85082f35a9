import { useSignal } from "@preact/signals";
import { root } from "../../root.ts";
import { Code } from "../../ui/code-block.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Segments } from "../../ui/segments.tsx";
import { type Language, languages, shortened, toCode } from "./call-code.ts";
import type { Lane } from "./lane.ts";
import { toChatRequest } from "./settings.ts";
import { messagesOf } from "./turns.ts";

const grammars = { curl: "bash", Python: "python", TypeScript: "typescript" } as const;
const options = languages.map((value) => ({ value, label: value }));

interface CallDialogProps {
  readonly lane: Lane;
  readonly onClose: () => void;
}

/** This call from one's own code: the messages up to the last question. */
export const CallDialog = ({ lane, onClose }: CallDialogProps) => {
  const language = useSignal<Language>("curl");
  const path = lane.path.value;
  const asked = path.slice(0, path.findLastIndex(({ role }) => role !== "assistant") + 1);
  const messages = messagesOf(asked);
  const body = toChatRequest(lane.model.value, messages.length === 0 ? [{ role: "user", content: "Hello" }] : messages);
  const code = toCode(language.value, body, `${location.origin}${root}api/v1`);
  return (
    <Dialog title="This call" shape="side" onClose={onClose}>
      <div class="form">
        <Segments
          label="Language"
          value={language.value}
          options={options}
          onChoose={(value) => {
            language.value = value;
          }}
        />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
        <section class="code" tabIndex={0} aria-label={`${language.value} code`}>
          <pre>
            <Code text={shortened(code)} lang={grammars[language.value]} />
          </pre>
        </section>
        <p class="hint">The key comes from the environment variable CK_KEY.</p>
        <CopyButton text={code}>Copy</CopyButton>
      </div>
    </Dialog>
  );
};
