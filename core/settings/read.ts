import type { Kind } from "./kinds.ts";

/** An environment variable of a kind. */
export interface Setting<Name extends string = string, Value = unknown> extends Kind<Value> {
  readonly name: Name;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export const setting = <const Name extends string, Value>(name: Name, kind: Kind<Value>): Setting<Name, Value> => ({
  name,
  ...kind,
});

/** The text of a variable; an empty one is as if it were not set. */
export const settingText = (environment: Environment, name: string): string | undefined =>
  environment[name]?.trim() || undefined;

const longestQuote = 60;

/** The value of a setting; undefined when it is not set. @throws Error with the one sentence that refuses a bad value */
export const readSetting = <Value>(
  { name, rule, read, hidden }: Setting<string, Value>,
  environment: Environment,
): Value | undefined => {
  const text = settingText(environment, name);
  if (text === undefined) return undefined;
  const value = read(text);
  if (value !== undefined) return value;
  throw new Error(`${name} ${rule}${hidden || text.length > longestQuote ? "" : `, not ${JSON.stringify(text)}`}.`);
};
