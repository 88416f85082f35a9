import { type Signal, signal } from "@preact/signals";
import type { ArenaRequest } from "../../api/arena.ts";
import { isUsable } from "../playground/playground-key.ts";

/** What a run is made of. Kept while the tab is open, also over a visit to another page. */

export type Mode = ArenaRequest["mode"];

export const mode = signal<Mode>("council");
export const fightMode = signal<"brawl" | "blind">("blind");
/** Whether the names of a battle's or fight's models are hidden until the user has voted. */
export const names = signal<"hidden" | "shown">("hidden");
export const rounds = signal("1");
export const message = signal("");
/** One signal for each agent. */
export const models = signal<readonly Signal<string>[]>(["gpt", "claude", "gemini"].map((name) => signal(name)));

export const leastAgents = 2;
const agentsAtMost: Readonly<Record<Mode, number>> = { council: 8, battle: 2, fight: 8, "multi-instance": 8 };
export const mostAgents = (): number => agentsAtMost[mode.value];

/** The agents that take part: a battle takes the first two of those that were picked. */
export const chosen = (): readonly Signal<string>[] => models.value.slice(0, mostAgents());

/** What a further model is at first, unless it is there already. */
const further = ["grok", "gpt", "claude", "gemini", "auto"];

export const addModel = (): void => {
  const there = models.peek().map((model) => model.peek());
  const last = there.at(-1) ?? "gpt";
  const next = further.find((name) => !there.includes(name)) ?? last;
  models.value = [...models.peek(), signal(mode.peek() === "multi-instance" ? last : next)];
};

export const removeModel = (model: Signal<string>): void => {
  models.value = models.peek().filter((each) => each !== model);
};

/** Why the run cannot start, or undefined when it can. */
export const problemOf = (apiKey: string): string | undefined => {
  if (!isUsable(apiKey)) return "Correct the API key first, or clear it.";
  if (message.value.trim() === "") return "Write a question first.";
  const names = chosen().map(({ value }) => value);
  if (mode.value !== "multi-instance" && new Set(names).size < names.length) {
    return "The same model appears twice. Choose “Same model” instead.";
  }
  return undefined;
};

export const toRequest = (): ArenaRequest => ({
  mode: mode.value,
  message: message.value,
  models: chosen().map(({ value }) => value),
  ...(mode.value === "fight" ? { rounds: Number(rounds.value), fightMode: fightMode.value } : {}),
  stream: true,
});
