import { type Signal, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { type ApiKey, listKeys, updateKey } from "../../api/keys.ts";
import { readUsage, type UsageByName } from "../../api/usage.ts";
import { plural } from "../../format.ts";
import { root } from "../../root.ts";
import { navigate } from "../../router.ts";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { TextField } from "../../ui/fields.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Skeleton } from "../../ui/placeholder.tsx";
import { Table } from "../../ui/table.tsx";
import { announce } from "../../ui/toast.tsx";
import { useAction } from "../../ui/use-action.ts";
import { useFocusAfterRemoval } from "../../ui/use-focus-after-removal.ts";
import { useResource } from "../../ui/use-resource.ts";
import { KeyDialogs, type OpenDialog } from "./key-dialogs.tsx";
import { columns, type KeyActions, toKeyRow } from "./key-row.tsx";

/** What OpenAI clients are pointed at. */
const baseUrl = `${location.origin}${root}api/v1`;

const dayMs = 86_400_000;
const dayOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);

/** Requests and cost of each key in the last 30 days. */
const readKeyUsage = async (signal: AbortSignal): Promise<UsageByName> => {
  const now = Date.now();
  return (await readUsage({ from: dayOf(now - 29 * dayMs), to: dayOf(now), keyId: "" }, signal)).byKey ?? {};
};

const unused = { requests: 0, tokens: 0, cost: 0 };

/** Few enough to be seen at a glance need no search. */
const searchFrom = 5;

/** What a search looks through. */
const textOf = ({ name, start, keyId, allowedModels }: ApiKey): string =>
  [name, start, keyId, ...(allowedModels ?? [])].join(" ").toLowerCase();

interface ListProps {
  readonly keys: readonly ApiKey[];
  readonly usage: UsageByName | undefined;
  readonly actions: KeyActions;
}

const List = ({ keys, usage, actions }: ListProps) => {
  const search = useSignal("");
  // Once for all that is typed into the search.
  const lines = useMemo(
    () =>
      keys.map((key) => ({
        text: textOf(key),
        row: toKeyRow(key, usage && (usage[key.keyId] ?? unused), actions),
      })),
    [keys, usage],
  );
  const words = search.value.toLowerCase().split(/\s+/);
  const found = lines.filter(({ text }) => words.every((word) => text.includes(word)));
  return (
    <>
      {keys.length < searchFrom ? null : (
        <div class="key-search">
          <TextField label="Search" type="search" value={search} autocomplete="off" placeholder="Name, key or model" />
          <p class="hint" role="status">
            {plural(found.length, "key")}
          </p>
        </div>
      )}
      {found.length === 0 ? (
        <Empty title="No matching keys">Search for fewer words.</Empty>
      ) : (
        <div class="keys">
          <Table caption="Your keys" columns={columns} rows={found.map(({ row }) => row)} />
        </div>
      )}
    </>
  );
};

interface OpenedProps {
  readonly open: Signal<OpenDialog | undefined>;
  readonly onChange: () => void;
}

/** The open dialog. A component of its own: the list stays as it is when one opens. */
const Opened = ({ open, onChange }: OpenedProps) =>
  open.value === undefined ? null : (
    <KeyDialogs
      open={open.value}
      show={(next) => {
        open.value = next;
      }}
      onChange={onChange}
    />
  );

/** The list of API keys. Length: markup of one page. */
export const KeysPage = () => {
  const keys = useResource(listKeys);
  // A separate column: narrow pages leave it out.
  const usage = useResource(readKeyUsage);
  const dialog = useSignal<OpenDialog | undefined>(undefined);
  const show = (next: OpenDialog | undefined): void => {
    dialog.value = next;
  };
  const toggle = useAction(async ({ keyId, name, enabled }: ApiKey) => {
    const updated = await updateKey(keyId, { enabled: !enabled });
    keys.data.value = keys.data.value?.map((key) => (key.keyId === keyId ? updated : key));
    announce(`${name} is ${updated.enabled ? "enabled" : "disabled"}.`);
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
        <List
          keys={list}
          usage={usage.data.value}
          actions={{
            onSwitch: (apiKey) => void toggle.run(apiKey),
            onOpen: (kind, apiKey) => show({ kind, apiKey }),
            onUsage: ({ keyId }) => navigate("usage", { query: new URLSearchParams({ key: keyId }) }),
          }}
        />
      )}
      <Opened open={dialog} onChange={keys.reload} />
    </>
  );
};
