import { useSignal } from "@preact/signals";
import { CopyButton } from "../../ui/copy-button.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Composer } from "./composer.tsx";
import { answering, messagesWith, turns } from "./conversation.ts";
import { toCurl } from "./curl.ts";
import { playgroundKey } from "./playground-key.ts";
import { toChatRequest } from "./settings.ts";
import { SettingsPanel } from "./settings-panel.tsx";
import { TurnView } from "./turn-view.tsx";

const Curl = ({ draft }: { draft: string }) => {
  const messages = messagesWith(draft);
  const command = toCurl(
    playgroundKey.value,
    toChatRequest(messages.length === 0 ? [{ role: "user", content: "Hello" }] : messages),
  );
  return (
    <details class="card curl">
      <summary>The same call with curl</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section class="code" tabIndex={0} aria-label="curl command">
        <pre>
          <code>{command}</code>
        </pre>
      </section>
      <div class="curl-foot">
        <p class="hint">Put your API key in its place.</p>
        <CopyButton text={command}>Copy</CopyButton>
      </div>
    </details>
  );
};

const statusOf = (): string => {
  if (answering.value) return "Answering…";
  const last = turns.value.at(-1);
  if (last === undefined || last.error !== undefined) return "";
  return last.stopped === true ? "Stopped." : "The answer is complete.";
};

export const PlaygroundPage = () => {
  const draft = useSignal("");
  const last = turns.value.at(-1)?.id;
  return (
    <>
      <PageHeader title="Playground">
        Chat with any model. Answers stream exactly as they do to your code. Calls count as usage of “Playground”, or of
        the key that you paste.
      </PageHeader>
      <div class="playground">
        <SettingsPanel />
        <div class="playground-main">
          <section class="card conversation" aria-label="Conversation">
            {turns.value.length === 0 ? (
              <p class="conversation-empty">The conversation appears here.</p>
            ) : (
              <ol class="turns">
                {turns.value.map((turn) => (
                  <TurnView
                    key={turn.id}
                    turn={turn}
                    growing={answering.value && turn.id === last}
                    onEdit={(text) => {
                      draft.value = text;
                    }}
                  />
                ))}
              </ol>
            )}
            <p class="visually-hidden" role="status">
              {statusOf()}
            </p>
            <Composer draft={draft} />
          </section>
          <Curl draft={draft.value} />
        </div>
      </div>
    </>
  );
};
