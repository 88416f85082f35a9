import { fc } from "#tests/support/property.ts";

/** Changes to a provider's JSON that may make it anything. */
export interface Mutation {
  readonly what: "remove" | "replace" | "drop" | "double" | "swap" | "cut";
  /** Which place of the value, or which event. */
  readonly at: number;
  readonly value: unknown;
}

const strange = [null, "", "x", 0, -1, 1.5, 2, true, [], {}, [null], [[]], { text: "t" }, "tool_calls", "error"];

export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.record({
    what: fc.constantFrom("remove", "replace", "replace", "drop", "double", "swap", "cut"),
    at: fc.nat({ max: 400 }),
    value: fc.constantFrom(...strange),
  }),
  { minLength: 1, maxLength: 4 },
);

type Holder = Record<string, unknown>;

/** Every member of a value, at any depth. */
const placesIn = (value: unknown): readonly (readonly [Holder, string])[] => {
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value).flatMap((name) => [[value as Holder, name] as const, ...placesIn((value as Holder)[name])]);
};

const mutateList = (events: unknown[], { what, at }: Mutation): void => {
  const index = events.length === 0 ? 0 : at % events.length;
  const other = (index + 1) % Math.max(1, events.length);
  if (what === "drop") events.splice(index, 1);
  if (what === "double") events.splice(index, 0, structuredClone(events[index]));
  if (what === "swap") [events[index], events[other]] = [events[other], events[index]];
};

const mutateValue = (value: unknown, { what, at, value: strangeValue }: Mutation): void => {
  const places = placesIn(value);
  const place = places[at % Math.max(1, places.length)];
  if (place === undefined) return;
  const [holder, name] = place;
  if (what === "replace") holder[name] = structuredClone(strangeValue);
  else if (Array.isArray(holder)) holder.splice(Number(name), 1);
  else delete holder[name];
};

/** Events, or the one value of a whole answer, after some mutations. */
export const mutated = <Value>(value: Value, list: readonly Mutation[]): Value => {
  const changed = structuredClone(value);
  for (const mutation of list) {
    if (mutation.what === "remove" || mutation.what === "replace") mutateValue(changed, mutation);
    else if (Array.isArray(changed)) mutateList(changed, mutation);
  }
  return changed;
};

/** A text or bytes cut short by the last of the mutations that cut. */
export const cutShort = <Body extends string | Buffer>(body: Body, list: readonly Mutation[]): Body => {
  const cut = list.findLast(({ what }) => what === "cut");
  return cut === undefined || body.length === 0 ? body : (body.slice(0, cut.at % body.length) as Body);
};
