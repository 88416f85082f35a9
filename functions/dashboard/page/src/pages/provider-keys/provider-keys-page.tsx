import { type Signal, useSignal } from "@preact/signals";
import {
  listProviderKeys,
  type ProviderKey,
  type ProviderKeyList,
  removeProviderKey,
  updateProviderKey,
} from "../../api/provider-keys.ts";
import { Button } from "../../ui/button.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Skeleton } from "../../ui/placeholder.tsx";
import { announce } from "../../ui/toast.tsx";
import { useAction } from "../../ui/use-action.ts";
import { useFocusAfterRemoval } from "../../ui/use-focus-after-removal.ts";
import { useResource } from "../../ui/use-resource.ts";
import { KeyDialogs, type OpenDialog } from "./key-dialogs.tsx";
import { KeyRow } from "./key-row.tsx";
import { ProviderGrid } from "./provider-grid.tsx";
import { namedTargets, otherServer, servingKeys } from "./targets.ts";

/** Changes the list that is shown at once, without reading it again: nothing says for a moment that it is as before. */
const changeKeys = (
  list: Signal<ProviderKeyList | undefined>,
  change: (keys: readonly ProviderKey[]) => readonly ProviderKey[],
): void => {
  const { value } = list;
  if (value !== undefined) list.value = { ...value, keys: change(value.keys) };
};

const replaced = (changed: ProviderKey) => (keys: readonly ProviderKey[]) =>
  keys.map((key) => (key.id === changed.id ? changed : key));

interface KeyListProps {
  readonly keys: readonly ProviderKey[];
  readonly switching: string;
  readonly onSwitch: (providerKey: ProviderKey) => void;
  readonly show: (dialog: OpenDialog) => void;
}

const KeyList = ({ keys, switching, onSwitch, show }: KeyListProps) => {
  if (keys.length === 0) {
    return <Empty title="No provider keys">Requests use the platform's own keys until you add one.</Empty>;
  }
  const serving = servingKeys(keys);
  return (
    <ul class="rows" aria-label="Your provider keys">
      {keys.map((providerKey) => (
        <KeyRow
          key={providerKey.id}
          providerKey={providerKey}
          serves={serving.has(providerKey.id)}
          switching={switching === providerKey.id}
          onSwitch={() => onSwitch(providerKey)}
          onRename={() => show({ kind: "rename", providerKey })}
          onRemove={() => show({ kind: "remove", providerKey })}
        />
      ))}
    </ul>
  );
};

/** The user's keys, and every provider. Length: one page, its actions and its dialogs. */
export const ProviderKeysPage = () => {
  const list = useResource(listProviderKeys);
  const dialog = useSignal<OpenDialog | undefined>(undefined);
  const switching = useSignal("");
  const show = (next: OpenDialog | undefined): void => {
    dialog.value = next;
  };
  const toggle = useAction(async ({ id, paused }: ProviderKey) => {
    switching.value = id;
    try {
      const changed = await updateProviderKey(id, { paused: !paused });
      changeKeys(list.data, replaced(changed));
      announce(`${changed.displayName} is ${changed.paused ? "paused" : "in use again"}.`);
    } finally {
      switching.value = "";
    }
  });
  const known = list.data.value;
  useFocusAfterRemoval(known?.keys.length);
  return (
    <>
      <PageHeader
        title="Provider keys"
        actions={
          <Button
            kind="primary"
            icon="plus"
            onClick={() => show({ kind: "add", target: namedTargets[0] ?? otherServer })}
          >
            Add provider key
          </Button>
        }
      >
        With your own key, requests to that provider are billed to your account there and do not count toward your daily
        cap. The newest key of a provider serves, unless it is paused or a request names another.
      </PageHeader>
      <ErrorNotice error={list.error.value} onRetry={list.reload} />
      <ErrorNotice error={toggle.error.value} />
      {known === undefined && list.error.value === undefined ? (
        <Skeleton rows={2} label="Loading your provider keys" />
      ) : null}
      {known === undefined ? null : (
        <>
          <KeyList
            keys={known.keys}
            switching={switching.value}
            onSwitch={(providerKey) => void toggle.run(providerKey)}
            show={show}
          />
          <ProviderGrid keys={known.keys} onAdd={(target) => show({ kind: "add", target })} />
        </>
      )}
      {dialog.value === undefined ? null : (
        <KeyDialogs
          open={dialog.value}
          taken={known?.keys.map(({ slug }) => slug) ?? []}
          trust={known?.trust}
          onClose={() => show(undefined)}
          onAdded={(added, works) => {
            show(undefined);
            changeKeys(list.data, (keys) => [added, ...keys]);
            announce(
              `${added.displayName} is saved${works ? ", and it works" : ". The provider has not accepted it"}.`,
            );
          }}
          onRename={async ({ id }, displayName) => {
            changeKeys(list.data, replaced(await updateProviderKey(id, { displayName })));
            show(undefined);
            announce(`The key is now called ${displayName}.`);
          }}
          onRemove={async ({ id, displayName }) => {
            await removeProviderKey(id);
            changeKeys(list.data, (keys) => keys.filter((key) => key.id !== id));
            show(undefined);
            announce(`${displayName} is removed.`);
          }}
        />
      )}
    </>
  );
};
