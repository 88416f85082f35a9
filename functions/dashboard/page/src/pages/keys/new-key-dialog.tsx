import { useSignal } from "@preact/signals";
import type { NewApiKey } from "../../api/keys.ts";
import { navigate } from "../../router.ts";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Notice } from "../../ui/notice.tsx";
import { playgroundKey } from "../playground/playground-key.ts";

interface NewKeyDialogProps {
  readonly created: NewApiKey;
  readonly onClose: () => void;
}

/** The whole key, once. Closing it uncopied takes a second try. Length: markup of one dialog. */
export const NewKeyDialog = ({ created, onClose }: NewKeyDialogProps) => {
  const copied = useSignal(false);
  const warned = useSignal(false);
  const mayClose = (): boolean => {
    if (copied.value || warned.value) return true;
    warned.value = true;
    return false;
  };
  return (
    <Dialog title="Copy your key now" onClose={onClose} mayClose={mayClose}>
      <div class="stack">
        <Notice kind="warning">
          <p>
            <strong>This is the only time it is shown.</strong> Store it as a secret. Anyone who has it can spend in
            your name. If you lose it, rotate the key.
          </p>
        </Notice>
        <p class="wrap">
          Key for <strong>{created.name}</strong>
        </p>
        <div class="secret">
          {/* An input selects whole on a phone, too. */}
          <input
            class="mono"
            readOnly
            value={created.key}
            aria-label="Your new API key"
            onFocus={(event) => event.currentTarget.select()}
          />
          <CopyButton
            text={created.key}
            kind="primary"
            onCopied={() => {
              copied.value = true;
            }}
          >
            Copy key
          </CopyButton>
        </div>
        {warned.value && !copied.value ? (
          <Notice kind="error" live>
            <p>You have not copied the key. Close again to discard it.</p>
          </Notice>
        ) : null}
        <div class="form-buttons">
          <Button
            kind="quiet"
            icon="chat"
            onClick={() => {
              playgroundKey.value = created.key;
              navigate("playground");
            }}
          >
            Try it in the playground
          </Button>
          <Button
            onClick={() => {
              if (mayClose()) onClose();
            }}
          >
            Done
          </Button>
        </div>
      </div>
    </Dialog>
  );
};
