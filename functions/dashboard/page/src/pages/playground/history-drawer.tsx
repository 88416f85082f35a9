import { useSignal } from "@preact/signals";
import { clearAtSignOut, isClearedAtSignOut, storeFault } from "../../browser-store.ts";
import { signedInUser } from "../../session.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { download } from "../../ui/download.ts";
import { TextField } from "../../ui/fields.tsx";
import { Skeleton } from "../../ui/placeholder.tsx";
import { StoreNotice } from "../../ui/store-notice.tsx";
import { Ago } from "../../ui/time.tsx";
import { useResource } from "../../ui/use-resource.ts";
import { conversationId } from "./conversation.ts";
import { type KeptConversation, listConversations, open, removeConversation } from "./kept-conversations.ts";

const textOf = ({ title, lanes }: KeptConversation): string =>
  [title, ...lanes.flatMap(({ model, turns }) => [model, ...turns.map(({ content }) => content)])]
    .join("\n")
    .toLowerCase();

const exportAll = (conversations: readonly KeptConversation[]): void => {
  const text = JSON.stringify({ conversations }, null, 2);
  download("concurred-conversations.json", new Blob([text], { type: "application/json" }));
};

interface EntryProps {
  readonly conversation: KeptConversation;
  readonly onOpen: () => void;
  readonly onRemove: () => void;
}

const Entry = ({ conversation, onOpen, onRemove }: EntryProps) => (
  <li class="history-entry">
    <button
      type="button"
      class="history-open"
      aria-current={conversation.id === conversationId.value}
      onClick={() => {
        open(conversation);
        onOpen();
      }}
    >
      <span class="history-title">{conversation.title}</span>
      <span class="hint">
        {conversation.lanes.map(({ model }) => model).join(" and ")} · <Ago time={conversation.changedAt} />
      </span>
    </button>
    <Button
      small
      kind="quiet"
      icon="download"
      label={`Export ${conversation.title}`}
      onClick={() => exportAll([conversation])}
    >
      <span class="visually-hidden">Export</span>
    </Button>
    <Button small kind="quiet" icon="trash" label={`Delete ${conversation.title}`} onClick={onRemove}>
      <span class="visually-hidden">Delete</span>
    </Button>
  </li>
);

const ClearChoice = () => {
  const userId = signedInUser() ?? "";
  const wanted = useSignal(isClearedAtSignOut(userId));
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={wanted.value}
        onChange={(event) => {
          wanted.value = event.currentTarget.checked;
          clearAtSignOut(userId, wanted.value);
        }}
      />
      Clear everything kept here when I sign out
    </label>
  );
};

/** The conversations that this browser keeps: found by words, opened, exported and deleted. */
export const HistoryDrawer = ({ onClose }: { onClose: () => void }) => {
  const search = useSignal("");
  const kept = useResource(listConversations);
  const all = kept.data.value;
  const words = search.value.toLowerCase().split(/\s+/);
  const found = (all ?? []).filter((conversation) => {
    const text = textOf(conversation);
    return words.every((word) => text.includes(word));
  });
  return (
    <Dialog title="Conversations" shape="side" onClose={onClose}>
      <div class="form">
        <StoreNotice />
        <TextField label="Search" value={search} autocomplete="off" placeholder="Words of a conversation" />
        {all === undefined ? <Skeleton rows={3} label="Loading conversations" /> : null}
        {all !== undefined && found.length === 0 && storeFault.value === undefined ? (
          <p class="hint">{all.length === 0 ? "No conversations yet." : "No conversation has all of these words."}</p>
        ) : null}
        <ul class="history" aria-label="Conversations">
          {found.map((conversation) => (
            <Entry
              key={conversation.id}
              conversation={conversation}
              onOpen={onClose}
              onRemove={() => void removeConversation(conversation.id).then(kept.reload)}
            />
          ))}
        </ul>
        {found.length === 0 ? null : (
          <Button icon="download" onClick={() => exportAll(found)}>
            Export {found.length === all?.length ? "all" : "these"} as JSON
          </Button>
        )}
        <ClearChoice />
        <p class="hint">Conversations are kept in this browser only, for your account only.</p>
      </div>
    </Dialog>
  );
};
