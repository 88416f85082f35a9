import { useSignal } from "@preact/signals";
import type { NewApiKey } from "../../api/keys.ts";
import { navigate } from "../../router.ts";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Notice } from "../../ui/notice.tsx";
import { playgroundKey } from "../playground/playground-key.ts";

/** What is shown once: a new key, the secret of its alerts, or both. */
export type Secrets = Partial<NewApiKey> & Pick<NewApiKey, "name">;

interface SecretProps {
  readonly label: string;
  readonly copy: string;
  readonly text: string;
  readonly onCopied?: () => void;
}

const Secret = ({ label, copy, text, onCopied }: SecretProps) => (
  <div class="secret">
    {/* An input selects whole on a phone, too. */}
    <input class="mono" readOnly value={text} aria-label={label} onFocus={(event) => event.currentTarget.select()} />
    <CopyButton text={text} kind="primary" {...(onCopied === undefined ? {} : { onCopied })}>
      {copy}
    </CopyButton>
  </div>
);

interface NewKeyDialogProps {
  readonly created: Secrets;
  readonly onClose: () => void;
}

/** Secrets, once. Closing them uncopied takes a second try. Length: markup of one dialog. */
export const NewKeyDialog = ({ created, onClose }: NewKeyDialogProps) => {
  const { key, name, alertWebhookSecret } = created;
  const copied = useSignal<ReadonlySet<string>>(new Set());
  const warned = useSignal(false);
  const wanted = [key, alertWebhookSecret].filter((secret) => secret !== undefined);
  const isCopied = (): boolean => wanted.every((secret) => copied.value.has(secret));
  const mayClose = (): boolean => {
    if (isCopied() || warned.value) return true;
    warned.value = true;
    return false;
  };
  const copy = (secret: string) => (): void => {
    copied.value = new Set([...copied.value, secret]);
  };
  const what = key === undefined ? "secret" : "key";
  return (
    <Dialog title={`Copy your ${what} now`} onClose={onClose} mayClose={mayClose}>
      <div class="stack">
        <Notice kind="warning">
          <p>
            <strong>This is the only time it is shown.</strong>{" "}
            {key === undefined
              ? "Your webhook checks with it that an alert is ours."
              : "Store it as a secret. Anyone who has it can spend in your name. If you lose it, rotate the key."}
          </p>
        </Notice>
        <p class="wrap">
          {key === undefined ? "Alerts of" : "Key for"} <strong>{name}</strong>
        </p>
        {key === undefined ? null : <Secret label="Your new API key" copy="Copy key" text={key} onCopied={copy(key)} />}
        {alertWebhookSecret === undefined ? null : (
          <Secret
            label="Secret of the alert webhook"
            copy="Copy secret"
            text={alertWebhookSecret}
            onCopied={copy(alertWebhookSecret)}
          />
        )}
        {warned.value && !isCopied() ? (
          <Notice kind="error" live>
            <p>You have not copied the {what}. Close again to discard it.</p>
          </Notice>
        ) : null}
        <div class="form-buttons">
          {key === undefined ? null : (
            <Button
              kind="quiet"
              icon="chat"
              onClick={() => {
                playgroundKey.value = key;
                navigate("playground");
              }}
            >
              Try it in the playground
            </Button>
          )}
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
