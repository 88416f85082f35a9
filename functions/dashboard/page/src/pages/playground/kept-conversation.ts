import { batch, effect, signal } from "@preact/signals";
import { ApiError } from "../../api/request.ts";
import { session } from "../../session.ts";
import { answering, forget, restoreTurns, type Turn, turns } from "./conversation.ts";
import { settings } from "./settings.ts";

/**
 * Keeps the conversation and its settings over a reload: in the tab's session storage, under the user's id, without the
 * API key. The end of the session removes it, and so does closing the tab.
 */

const prefix = "concurred-playground:";
const maxTurns = 200;
/** Of the JSON text; browsers allow about five million a site. */
const maxCharacters = 1_000_000;

type Settings = Partial<Record<keyof typeof settings, string>>;

interface KeptError {
  readonly message: string;
  readonly status?: number;
  readonly code?: string;
  readonly requestId?: string | undefined;
  readonly issues?: readonly string[];
}

type KeptTurn = Omit<Turn, "error"> & { readonly error?: KeptError };

interface Kept {
  readonly turns: readonly KeptTurn[];
  readonly settings: Settings;
}

/** How much of the conversation outlives a reload. */
export const keeping = signal<"all" | "end" | "nothing">("all");

const toKept = ({ error, ...turn }: Turn): KeptTurn => {
  if (error === undefined) return turn;
  const { message } = error;
  if (!(error instanceof ApiError)) return { ...turn, error: { message } };
  const { status, code, requestId, issues } = error;
  return { ...turn, error: { message, status, code, requestId, issues } };
};

/** An answer that was running when the page was left came to no end. */
const fromKept = ({ error, ...turn }: KeptTurn): Turn => {
  if (error !== undefined) return { ...turn, error: new ApiError(error.message, error) };
  return turn.role === "assistant" && turn.totalMs === undefined ? { ...turn, stopped: true } : turn;
};

/** Turns do not change, so that each is written as JSON once. */
const turnTexts = new WeakMap<Turn, string>();

const turnText = (turn: Turn): string => {
  const text = turnTexts.get(turn) ?? JSON.stringify(toKept(turn));
  turnTexts.set(turn, text);
  return text;
};

/** The newest turns that fit, as JSON of a `Kept`. */
const toText = (): { readonly text: string; readonly whole: boolean } => {
  const chosen = JSON.stringify(Object.fromEntries(Object.entries(settings).map(([name, { value }]) => [name, value])));
  const fits = chosen.length < maxCharacters / 2;
  const settingsText = fits ? chosen : "{}";
  const kept: string[] = [];
  let characters = settingsText.length;
  for (const turn of turns.value.toReversed().slice(0, maxTurns)) {
    const text = turnText(turn);
    characters += text.length + 1;
    if (characters > maxCharacters) break;
    kept.push(text);
  }
  const text = `{"turns":[${kept.reverse().join(",")}],"settings":${settingsText}}`;
  return { text, whole: fits && kept.length === turns.value.length };
};

const write = (userId: string): void => {
  const { text, whole } = toText();
  try {
    sessionStorage.setItem(prefix + userId, text);
    keeping.value = whole ? "all" : "end";
  } catch {
    // Storage is forbidden or full: the page says that a reload clears the conversation.
    keeping.value = "nothing";
  }
};

const read = (userId: string): Kept | undefined => {
  try {
    const text = sessionStorage.getItem(prefix + userId);
    return text === null ? undefined : (JSON.parse(text) as Kept);
  } catch {
    // Forbidden, or not ours: as if nothing had been kept.
    return undefined;
  }
};

/** Removes the conversations of other users. */
const removeOthers = (userId: string | undefined): void => {
  try {
    for (const name of Object.keys(sessionStorage)) {
      if (name.startsWith(prefix) && name !== `${prefix}${userId}`) sessionStorage.removeItem(name);
    }
  } catch {
    // Where storage is forbidden, nothing was kept.
  }
};

const restore = ({ turns: kept, settings: chosen }: Kept): void => {
  restoreTurns(kept.map(fromKept));
  for (const [name, value] of Object.entries(chosen)) {
    if (Object.hasOwn(settings, name)) settings[name as keyof Settings].value = value;
  }
};

/** Restores the conversation of the user who signs in, and saves later changes. Called once. */
export const keepConversation = (): void => {
  const owner = signal<string | undefined>(undefined);
  effect(() => {
    const current = session.value;
    if (current.state !== "signed-in" && current.state !== "signed-out") return;
    const userId = current.state === "signed-in" ? current.user.id : undefined;
    if (userId !== undefined && userId === owner.peek()) return;
    removeOthers(userId);
    batch(() => {
      if (owner.peek() !== undefined) forget();
      const kept = userId === undefined ? undefined : read(userId);
      if (kept !== undefined) restore(kept);
      owner.value = userId;
    });
  });
  // A running answer changes many times a second: it is written at its end, and when the page is left.
  effect(() => {
    if (owner.value !== undefined && !answering.value) write(owner.value);
  });
  addEventListener("pagehide", () => {
    const userId = owner.peek();
    if (userId !== undefined) write(userId);
  });
};
