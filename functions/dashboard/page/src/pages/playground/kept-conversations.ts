import { computed, effect, signal, untracked } from "@preact/signals";
import { keep, readAll, readOne, remove, type Stored } from "../../browser-store.ts";
import { forgetWithSession, signedInUser } from "../../session.ts";
import { answering, begin, conversationId, forget, isEmpty, lanes, show, titleOf } from "./conversation.ts";
import { fromKept, type KeptTurn, toKept } from "./kept-turns.ts";
import { type KeptSettings, readSettings } from "./settings.ts";

/** Keeps conversations in this browser, under their user, and the one that was open over a reload of its tab. */

interface KeptLane {
  readonly model: string;
  readonly turns: readonly KeptTurn[];
  readonly leaf: number | null;
}

export interface KeptConversation extends Stored {
  readonly title: string;
  readonly lanes: readonly KeptLane[];
  readonly settings: KeptSettings;
}

/** The conversation that this tab had open, so that a reload opens it again. */
const openName = "concurred-open-conversation";

/** Whose conversations are kept, once the open one is restored. */
const owner = signal<string | undefined>(undefined);
export const restored = computed(() => owner.value !== undefined);

const remember = (id: string | undefined): void => {
  try {
    if (id === undefined) sessionStorage.removeItem(openName);
    else sessionStorage.setItem(openName, id);
  } catch {
    // Without it a reload begins anew; the conversation is in the list.
  }
};

const remembered = (): string | undefined => {
  try {
    return sessionStorage.getItem(openName) ?? undefined;
  } catch {
    return undefined;
  }
};

const current = (): KeptConversation => {
  const states = lanes.value.map(({ model, turns, leaf }) => ({
    model: model.value,
    turns: turns.value.map(toKept),
    leaf: leaf.value,
  }));
  return {
    id: conversationId.value,
    changedAt: Date.now(),
    title: titleOf(lanes.value.map(({ turns }) => ({ turns: turns.value }))),
    lanes: states,
    settings: readSettings(),
  };
};

export const open = ({ id, lanes: kept, settings }: KeptConversation): void => {
  show(
    id,
    kept.map((lane) => ({ ...lane, turns: lane.turns.map(fromKept) })),
    settings,
  );
};

export const listConversations = async (): Promise<readonly KeptConversation[]> => {
  const userId = signedInUser();
  return userId === undefined ? [] : readAll<KeptConversation>(userId, "conversations");
};

export const removeConversation = async (id: string): Promise<void> => {
  const userId = owner.peek();
  if (userId === undefined) return;
  if (id === conversationId.peek()) begin();
  await remove(userId, "conversations", id);
};

/** Opens what this tab had open, unless something was written in the meantime or another user has come. */
const restore = async (userId: string): Promise<void> => {
  const id = remembered();
  const kept = id === undefined ? undefined : await readOne<KeptConversation>(userId, "conversations", id);
  if (signedInUser() !== userId) return;
  if (kept !== undefined && isEmpty.peek()) open(kept);
  owner.value = userId;
};

const save = (): void => {
  const userId = owner.peek();
  if (userId !== undefined && !isEmpty.peek()) void keep(userId, "conversations", current());
};

effect(() => {
  const userId = signedInUser();
  if (userId !== undefined && userId !== owner.peek()) void restore(userId);
});

// A running answer changes many times a second: it is kept when it begins and ends, and when the page is left.
effect(() => {
  if (owner.value === undefined || isEmpty.value) return;
  remember(conversationId.value);
  if (answering.value) untracked(save);
  else save();
});

effect(() => {
  if (owner.value !== undefined && isEmpty.value) remember(undefined);
});

addEventListener("pagehide", save);
addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") save();
});

forgetWithSession(() => {
  owner.value = undefined;
  remember(undefined);
  forget();
});
