import {
  type ApiKey,
  createKey,
  type KeyFields,
  type NewApiKey,
  revokeKey,
  rotateKey,
  updateKey,
} from "../../api/keys.ts";
import { formatDate } from "../../format.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { announce } from "../../ui/toast.tsx";
import { KeyForm } from "./key-form.tsx";
import { NewKeyDialog, type Secrets } from "./new-key-dialog.tsx";
import { RotateDialog } from "./rotate-dialog.tsx";
import { tagsText } from "./tags-text.ts";

/** The dialog that is open on the keys page. */
export type OpenDialog =
  | { readonly kind: "create" }
  | { readonly kind: "created"; readonly created: Secrets }
  | { readonly kind: "edit" | "rotate" | "revoke"; readonly apiKey: ApiKey };

interface KeyDialogsProps {
  readonly open: OpenDialog;
  readonly show: (dialog: OpenDialog | undefined) => void;
  /** Reads the list again. */
  readonly onChange: () => void;
}

/** What differs from what the key has: a PATCH names nothing else. */
const changesOf = (apiKey: ApiKey, fields: KeyFields): Partial<KeyFields> => {
  const {
    name,
    rateLimit,
    budget = null,
    allowedModels = null,
    tokensPerMinute = null,
    alertWebhookUrl = null,
    recordContent = null,
    tags = null,
    ...rest
  } = fields;
  const before = apiKey.budget ?? null;
  const keeps =
    budget?.usd === before?.usd && budget?.period === before?.period && budget?.includeByok === before?.includeByok;
  return {
    ...(name === apiKey.name ? {} : { name }),
    ...(rateLimit === apiKey.rateLimit ? {} : { rateLimit }),
    ...(keeps ? {} : { budget }),
    ...(allowedModels?.join() === apiKey.allowedModels?.join() ? {} : { allowedModels }),
    ...(tokensPerMinute === (apiKey.tokensPerMinute ?? null) ? {} : { tokensPerMinute }),
    ...(recordContent?.days === apiKey.recordContent?.days ? {} : { recordContent }),
    ...(tagsText(tags) === tagsText(apiKey.tags) ? {} : { tags }),
    ...(alertWebhookUrl === (apiKey.alertWebhookUrl ?? null) ? {} : { alertWebhookUrl }),
    ...rest,
  };
};

/** The dialog that is open, if any. Length: markup, one branch for each dialog. */
export const KeyDialogs = ({ open, show, onChange }: KeyDialogsProps) => {
  const close = (): void => show(undefined);
  const showCreated = (created: NewApiKey): void => {
    show({ kind: "created", created });
    onChange();
  };
  if (open.kind === "created") return <NewKeyDialog created={open.created} onClose={close} />;
  if (open.kind === "create") {
    return (
      <Dialog title="Create New Key" onClose={close}>
        <KeyForm
          submit="Create key"
          onCancel={close}
          onSubmit={async (fields) => showCreated(await createKey(fields))}
        />
      </Dialog>
    );
  }
  const { apiKey } = open;
  const { keyId, name } = apiKey;
  if (open.kind === "rotate") {
    return (
      <RotateDialog
        apiKey={apiKey}
        onClose={close}
        onRotate={async (gracePeriodSeconds) => showCreated({ ...(await rotateKey(keyId, gracePeriodSeconds)), name })}
      />
    );
  }
  if (open.kind === "revoke") {
    return (
      <ConfirmDialog
        title="Revoke key"
        confirm="Revoke key"
        onClose={close}
        onConfirm={async () => {
          await revokeKey(keyId);
          close();
          announce(`${name} is revoked.`);
          onChange();
        }}
      >
        <p class="wrap">
          <strong>{name}</strong> (<code>{apiKey.start}…</code>) is refused from the next request on. This cannot be
          undone; its usage stays in your history.
        </p>
      </ConfirmDialog>
    );
  }
  return (
    <Dialog title="Edit key" onClose={close}>
      <p class="hint edit-facts">
        <code>{apiKey.start}…</code> · created {formatDate(apiKey.createdAt)} · id <code>{keyId}</code>
      </p>
      <KeyForm
        submit="Save changes"
        initial={apiKey}
        onCancel={close}
        onSubmit={async (fields) => {
          const changes = changesOf(apiKey, fields);
          const { alertWebhookSecret }: Pick<NewApiKey, "alertWebhookSecret"> =
            Object.keys(changes).length === 0 ? {} : await updateKey(keyId, changes);
          announce(`${fields.name} is saved.`);
          if (alertWebhookSecret === undefined) close();
          else show({ kind: "created", created: { keyId, name: fields.name, alertWebhookSecret } });
          onChange();
        }}
      />
    </Dialog>
  );
};
