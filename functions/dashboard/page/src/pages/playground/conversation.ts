import { batch, computed, signal } from "@preact/signals";
import { createLane, type Lane, type LaneState } from "./lane.ts";
import { playgroundKey } from "./playground-key.ts";
import { type KeptSettings, setSettings } from "./settings.ts";

/** The conversation on the page: one lane, or two side by side. `kept-conversations.ts` keeps it in the browser. */

const defaultModel = "gpt";

const emptyLane = (model: string): Lane => createLane({ model, turns: [], leaf: null });

const newId = (): string => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;

export const conversationId = signal(newId());
export const lanes = signal<readonly Lane[]>([emptyLane(defaultModel)]);

export const answering = computed(() => lanes.value.some((lane) => lane.answering.value));
export const isEmpty = computed(() => lanes.value.every(({ turns }) => turns.value.length === 0));
/** What a list shows: the first message. */
export const titleOf = (states: readonly Pick<LaneState, "turns">[]): string => {
  const first = states[0]?.turns.find(({ role }) => role === "user");
  const text = first?.content.trim() ?? "";
  if (text === "") return first === undefined ? "" : "Image";
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
};

/** Sends a message to every lane. */
export const send = async (text: string, images: readonly string[]): Promise<void> => {
  if (answering.peek()) return;
  await Promise.all(lanes.peek().map((lane) => lane.send(text, images)));
};

export const stop = async (): Promise<void> => {
  await Promise.all(lanes.peek().map((lane) => lane.stop()));
};

/** A second lane with the same turns, for another model. */
export const compare = (): void => {
  const [first] = lanes.peek();
  if (first === undefined || lanes.peek().length > 1) return;
  const model = first.model.peek() === "claude" ? "gpt" : "claude";
  lanes.value = [first, createLane({ model, turns: first.turns.peek(), leaf: first.leaf.peek() })];
};

export const endCompare = (): void => {
  const [first, second] = lanes.peek();
  void second?.stop();
  if (first !== undefined) lanes.value = [first];
};

interface State {
  readonly id: string;
  readonly lanes: readonly Lane[];
  readonly settings?: KeptSettings;
}

/** Replaces all at once: the store never sees one conversation's turns under another's id. */
const replace = ({ id, lanes: next, settings }: State): void => {
  void stop();
  batch(() => {
    conversationId.value = id;
    lanes.value = next;
    if (settings !== undefined) setSettings(settings);
  });
};

/** Begins anew with the same models and settings. A running answer is stopped, at the gateway too. */
export const begin = (): void =>
  replace({ id: newId(), lanes: lanes.peek().map(({ model }) => emptyLane(model.peek())) });

export const show = (id: string, states: readonly LaneState[], settings: KeptSettings): void =>
  replace({ id, lanes: states.map(createLane), settings });

/** Leaves nothing of one user to the next. */
export const forget = (): void => {
  replace({ id: newId(), lanes: [emptyLane(defaultModel)], settings: {} });
  playgroundKey.value = "";
};
