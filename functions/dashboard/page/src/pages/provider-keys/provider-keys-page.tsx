import { useSignal } from "@preact/signals";
import { listProviderKeys, type ProviderKey, providerName, removeProviderKey } from "../../api/provider-keys.ts";
import { formatDate } from "../../format.ts";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Skeleton } from "../../ui/placeholder.tsx";
import { announce } from "../../ui/toast.tsx";
import { useFocusAfterRemoval } from "../../ui/use-focus-after-removal.ts";
import { useResource } from "../../ui/use-resource.ts";
import { AddDialog } from "./add-dialog.tsx";

interface RowProps {
  readonly providerKey: ProviderKey;
  readonly onRemove: () => void;
}

const Row = ({ providerKey, onRemove }: RowProps) => {
  const { provider, slug, displayName, last4, createdAt } = providerKey;
  return (
    <li class="row">
      <div class="row-main">
        <h2 class="row-title">{displayName}</h2>
        <p class="row-sub">
          <code>
            <span class="visually-hidden">Key ending in </span>
            <span aria-hidden="true">••••</span>
            {last4}
          </code>
        </p>
      </div>
      <dl class="facts">
        <div>
          <dt>Provider</dt>
          <dd>{providerName(provider)}</dd>
        </div>
        <div class="wide">
          <dt>Slug</dt>
          <dd>
            <code>{slug}</code>
          </dd>
        </div>
        <div>
          <dt>Added</dt>
          <dd>{formatDate(createdAt)}</dd>
        </div>
      </dl>
      <div class="row-actions">
        <Button small kind="quiet" icon="trash" label={`Remove ${displayName}`} onClick={onRemove}>
          Remove
        </Button>
      </div>
    </li>
  );
};

/** The list of provider keys. Length: markup of one page and its dialogs. */
export const ProviderKeysPage = () => {
  const keys = useResource(listProviderKeys);
  const adding = useSignal(false);
  const removing = useSignal<ProviderKey | undefined>(undefined);
  const list = keys.data.value;
  useFocusAfterRemoval(list?.length);
  const target = removing.value;
  return (
    <>
      <PageHeader
        title="Provider keys"
        actions={
          <Button
            kind="primary"
            icon="plus"
            onClick={() => {
              adding.value = true;
            }}
          >
            Add provider key
          </Button>
        }
      >
        With your own key, requests to that provider are billed to your account there and do not count toward your daily
        cap. A provider's newest key is used unless a request names another.
      </PageHeader>
      <ErrorNotice error={keys.error.value} onRetry={keys.reload} />
      {list === undefined && keys.error.value === undefined ? (
        <Skeleton rows={2} label="Loading your provider keys" />
      ) : null}
      {list?.length === 0 && !keys.loading.value ? (
        <Empty title="No provider keys">Requests use the platform's own keys until you add one.</Empty>
      ) : null}
      {list === undefined || list.length === 0 ? null : (
        <ul class="rows" aria-label="Your provider keys">
          {list.map((providerKey) => (
            <Row
              key={providerKey.id}
              providerKey={providerKey}
              onRemove={() => {
                removing.value = providerKey;
              }}
            />
          ))}
        </ul>
      )}
      {adding.value ? (
        <AddDialog
          taken={list?.map(({ slug }) => slug) ?? []}
          onClose={() => {
            adding.value = false;
          }}
          onAdded={(displayName) => {
            adding.value = false;
            announce(`${displayName} is stored.`);
            keys.reload();
          }}
        />
      ) : null}
      {target === undefined ? null : (
        <ConfirmDialog
          title="Remove provider key"
          confirm="Remove key"
          onClose={() => {
            removing.value = undefined;
          }}
          onConfirm={async () => {
            await removeProviderKey(target.id);
            removing.value = undefined;
            announce(`${target.displayName} is removed.`);
            keys.reload();
          }}
        >
          <p class="wrap">
            <strong>{target.displayName}</strong> (••••{target.last4}) is used by no later request. Requests that name
            it by <code>{target.slug}</code> will fail; others use another key of yours, or the platform's.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
};
