import { useSignal } from "@preact/signals";
import { TextField } from "../../ui/fields.tsx";
import { isKey, playgroundKey } from "./playground-key.ts";

/** Who pays: the session, unless an API key is given. */
export const KeyField = () => {
  const draft = useSignal(playgroundKey.value);
  const key = playgroundKey.value;
  // As it was at first: what closes by itself moves what is about to be clicked.
  const { value: open } = useSignal(key !== "");
  return (
    <details class="options" open={open}>
      <summary>{key === "" ? "Runs on your session" : "Runs on an API key"}</summary>
      <div class="options-fields">
        <p class="hint">Your session spends the Playground's own daily budget. To spend a key's, paste it here.</p>
        <TextField
          label="API key"
          value={draft}
          type="password"
          autocomplete="off"
          placeholder="ck_…"
          mono
          hint="Kept in this tab only. A reload clears it."
          onCommit={() => {
            playgroundKey.value = draft.value.trim();
          }}
        />
        {key !== "" && !isKey(key) ? <p class="field-fault">A key starts with ck_.</p> : null}
      </div>
    </details>
  );
};
