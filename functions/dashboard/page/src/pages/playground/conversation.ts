import { signal } from "@preact/signals";
import { type ChatFacts, type ChatMessage, type ChatUsage, cancelRequest, streamChat } from "../../api/chat.ts";
import { ApiError, toError } from "../../api/request.ts";
import { playgroundKey } from "./playground-key.ts";
import { resetSettings, toChatRequest } from "./settings.ts";

/** The playground's conversation. `kept-conversation.ts` keeps it over a reload. */

export interface Turn {
  readonly id: number;
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly facts?: ChatFacts;
  readonly usage?: ChatUsage;
  readonly finishReason?: string;
  /** Until the first text and until the end, ms. */
  readonly firstTextMs?: number;
  readonly totalMs?: number;
  readonly stopped?: boolean;
  readonly error?: Error;
}

export const turns = signal<readonly Turn[]>([]);
export const answering = signal(false);

let controller: AbortController | undefined;
/** The key that the last answer was asked with, empty for the session: only it may cancel that. */
let key = "";
let nextId = 1;

const change = (id: number, changes: Partial<Turn>): void => {
  turns.value = turns.value.map((turn) => (turn.id === id ? { ...turn, ...changes } : turn));
};

const add = (role: Turn["role"], content: string): Turn => {
  const turn = { id: nextId, role, content };
  nextId += 1;
  turns.value = [...turns.value, turn];
  return turn;
};

/** The messages of all turns that said something, and a draft after them. */
export const messagesWith = (draft: string): readonly ChatMessage[] => [
  ...turns.value.filter(({ content }) => content !== "").map(({ role, content }) => ({ role, content })),
  ...(draft.trim() === "" ? [] : [{ role: "user" as const, content: draft }]),
];

const receive = async (id: number, messages: readonly ChatMessage[], signal: AbortSignal): Promise<void> => {
  const startedAt = performance.now();
  let content = "";
  for await (const event of streamChat(key, toChatRequest(messages), signal)) {
    if (event.type === "opened") change(id, { facts: event.facts });
    else if (event.type === "finished") change(id, { finishReason: event.reason });
    else if (event.type === "usage") change(id, { usage: event.usage });
    else {
      if (content === "") change(id, { firstTextMs: performance.now() - startedAt });
      content += event.text;
      change(id, { content });
    }
  }
  change(id, { totalMs: performance.now() - startedAt });
};

/** Sends a message and streams the answer into a new turn, which also shows a failure. */
export const send = async (text: string): Promise<void> => {
  if (answering.peek()) return;
  add("user", text);
  await answer();
};

/** Drops a turn and everything after it. */
const cutAt = (id: number): void => {
  turns.value = turns.value.slice(
    0,
    turns.value.findIndex((turn) => turn.id === id),
  );
};

/** Asks for another answer in place of this one. */
export const regenerate = async (id: number): Promise<void> => {
  if (answering.peek()) return;
  cutAt(id);
  await answer();
};

/** Takes a message back to change it: the conversation ends before it. Returns its text. */
export const takeBack = (id: number): string => {
  const text = turns.peek().find((turn) => turn.id === id)?.content ?? "";
  cutAt(id);
  return text;
};

const answer = async (): Promise<void> => {
  const messages = messagesWith("");
  const { id } = add("assistant", "");
  controller = new AbortController();
  key = playgroundKey.peek();
  const { signal: stopped } = controller;
  answering.value = true;
  try {
    await receive(id, messages, stopped);
  } catch (thrown) {
    if (!stopped.aborted) change(id, { error: toError(thrown) });
  } finally {
    answering.value = false;
  }
};

/** Stops the running answer, here and at the gateway. */
export const stop = async (): Promise<void> => {
  const turn = turns.peek().at(-1);
  if (!answering.peek() || turn === undefined) return;
  change(turn.id, { stopped: true });
  controller?.abort();
  const requestId = turn.facts?.requestId;
  if (requestId === undefined) return;
  try {
    await cancelRequest(key, requestId);
  } catch (thrown) {
    // 404: it had ended by itself in the meantime.
    if (!(thrown instanceof ApiError && thrown.status === 404)) change(turn.id, { error: toError(thrown) });
  }
};

/** Puts back turns that were kept. */
export const restoreTurns = (kept: readonly Turn[]): void => {
  turns.value = kept;
  nextId = Math.max(0, ...kept.map(({ id }) => id)) + 1;
};

/** Begins anew. A running answer is stopped, at the gateway too. */
export const clear = (): void => {
  void stop();
  turns.value = [];
};

/** Leaves nothing of one user to the next. */
export const forget = (): void => {
  clear();
  playgroundKey.value = "";
  resetSettings();
};
