import { useSignal } from "@preact/signals";
import { type ApiKey, listKeys, updateKey } from "../../api/keys.ts";
import { root } from "../../root.ts";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Skeleton } from "../../ui/placeholder.tsx";
import { announce } from "../../ui/toast.tsx";
import { useAction } from "../../ui/use-action.ts";
import { useFocusAfterRemoval } from "../../ui/use-focus-after-removal.ts";
import { useResource } from "../../ui/use-resource.ts";
import { KeyDialogs, type OpenDialog } from "./key-dialogs.tsx";
import { KeyRow } from "./key-row.tsx";

/** What OpenAI clients are pointed at. */
const baseUrl = `${location.origin}${root}api/v1`;

/** The list of API keys. Length: markup of one page. */
export const KeysPage = () => {
  const keys = useResource(listKeys);
  const dialog = useSignal<OpenDialog | undefined>(undefined);
  const switching = useSignal("");
  const show = (next: OpenDialog | undefined): void => {
    dialog.value = next;
  };
  const toggle = useAction(async ({ keyId, name, enabled }: ApiKey) => {
    switching.value = keyId;
    try {
      const updated = await updateKey(keyId, { enabled: !enabled });
      keys.data.value = keys.data.value?.map((key) => (key.keyId === keyId ? updated : key));
      announce(`${name} is ${updated.enabled ? "enabled" : "disabled"}.`);
    } finally {
      switching.value = "";
    }
  });
  const create = (
    <Button kind="primary" icon="plus" onClick={() => show({ kind: "create" })}>
      Create New Key
    </Button>
  );
  const list = keys.data.value;
  useFocusAfterRemoval(list?.length);
  return (
    <>
      <PageHeader title="Keys" actions={create}>
        One key works with every model. Create one per application so that you can limit and revoke each separately.
      </PageHeader>
      <div class="card base-url">
        <p>
          Base URL <code>{baseUrl}</code>
        </p>
        <CopyButton text={baseUrl} small kind="quiet">
          Copy
        </CopyButton>
      </div>
      <ErrorNotice error={toggle.error.value} />
      <ErrorNotice error={keys.error.value} onRetry={keys.reload} />
      {list === undefined && keys.error.value === undefined ? <Skeleton rows={3} label="Loading your keys" /> : null}
      {list?.length === 0 ? (
        <Empty title="No keys yet">Create a key and point any OpenAI client at this gateway.</Empty>
      ) : null}
      {list === undefined || list.length === 0 ? null : (
        <ul class="rows" aria-label="Your keys">
          {list.map((apiKey) => (
            <KeyRow
              key={apiKey.keyId}
              apiKey={apiKey}
              switching={switching.value === apiKey.keyId}
              onSwitch={() => void toggle.run(apiKey)}
              onEdit={() => show({ kind: "edit", apiKey })}
              onRotate={() => show({ kind: "rotate", apiKey })}
              onRevoke={() => show({ kind: "revoke", apiKey })}
            />
          ))}
        </ul>
      )}
      {dialog.value === undefined ? null : <KeyDialogs open={dialog.value} show={show} onChange={keys.reload} />}
    </>
  );
};
