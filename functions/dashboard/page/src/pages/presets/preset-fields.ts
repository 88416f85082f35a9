import { type Signal, signal } from "@preact/signals";
import {
  type Guardrail,
  type GuardrailAction,
  type GuardrailType,
  guardrailTypes,
  type PresetSettings,
  type ProviderPreferences,
  parameterNames,
} from "../../api/preset-settings.ts";

/** A preset's settings as the fields of its form, and back. */

export type Side = "input" | "output";
export const sides: readonly Side[] = ["input", "output"];

export interface PresetFields {
  readonly model: Signal<string>;
  /** One a line. */
  readonly fallback: Signal<string>;
  /** An action, or nothing for off. */
  readonly guardrails: Readonly<Record<Side, Readonly<Record<GuardrailType, Signal<string>>>>>;
  /** JSON. */
  readonly parameters: Signal<string>;
  /** Names of providers, separated by commas. */
  readonly order: Signal<string>;
  readonly only: Signal<string>;
  readonly ignore: Signal<string>;
  readonly sort: Signal<string>;
  readonly maxPrompt: Signal<string>;
  readonly maxCompletion: Signal<string>;
  /** `""` for the default. */
  readonly allowFallbacks: Signal<string>;
}

const actionOf = (entries: readonly Guardrail[] | undefined, type: GuardrailType): string => {
  const entry = entries?.find((each) => (typeof each === "string" ? each : each.type) === type);
  if (entry === undefined) return "";
  return typeof entry === "string" ? "block" : entry.action;
};

const sideFields = (entries: readonly Guardrail[] | undefined) => ({
  pii: signal(actionOf(entries, "pii")),
  content_moderation: signal(actionOf(entries, "content_moderation")),
});

const parametersOf = (settings: PresetSettings | undefined): string => {
  const set = parameterNames.filter((name) => settings?.[name] !== undefined && settings[name] !== null);
  if (set.length === 0) return "";
  return JSON.stringify(Object.fromEntries(set.map((name) => [name, settings?.[name]])), undefined, 2);
};

const textOf = (value: number | boolean | undefined): string => (value === undefined ? "" : String(value));

export const toFields = (settings: PresetSettings | undefined): PresetFields => {
  const {
    order,
    only,
    ignore,
    sort,
    max_price: price,
    allow_fallbacks: allow,
  }: ProviderPreferences = settings?.provider ?? {};
  return {
    model: signal(settings?.model ?? ""),
    fallback: signal((settings?.fallback ?? []).join("\n")),
    guardrails: {
      input: sideFields(settings?.guardrails?.input),
      output: sideFields(settings?.guardrails?.output),
    },
    parameters: signal(parametersOf(settings)),
    order: signal((order ?? []).join(", ")),
    only: signal((only ?? []).join(", ")),
    ignore: signal((ignore ?? []).join(", ")),
    sort: signal<string>(sort ?? ""),
    maxPrompt: signal(textOf(price?.prompt)),
    maxCompletion: signal(textOf(price?.completion)),
    allowFallbacks: signal(textOf(allow)),
  };
};

const words = ({ value }: Signal<string>): readonly string[] => value.split(/[\s,]+/).filter((word) => word !== "");

const listed = <Name extends string>(name: Name, field: Signal<string>) => {
  const list = words(field);
  return list.length === 0 ? {} : { [name]: list };
};

const numbered = <Name extends string>(name: Name, { value }: Signal<string>) =>
  value.trim() === "" ? {} : { [name]: Number(value) };

const guardrailsOf = (fields: PresetFields["guardrails"][Side]): readonly Guardrail[] =>
  guardrailTypes
    .filter((type) => fields[type].value !== "")
    .map((type) => ({ type, action: fields[type].value as GuardrailAction }));

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

const guardrailSettings = ({ guardrails }: PresetFields) => {
  const set = Object.fromEntries(
    sides.map((side) => [side, guardrailsOf(guardrails[side])] as const).filter(([, entries]) => entries.length > 0),
  );
  return isEmpty(set) ? {} : { guardrails: set };
};

const providerSettings = (fields: PresetFields) => {
  const price = { ...numbered("prompt", fields.maxPrompt), ...numbered("completion", fields.maxCompletion) };
  const { sort, allowFallbacks } = fields;
  const provider = {
    ...listed("order", fields.order),
    ...listed("only", fields.only),
    ...listed("ignore", fields.ignore),
    ...(sort.value === "" ? {} : { sort: sort.value as NonNullable<ProviderPreferences["sort"]> }),
    ...(isEmpty(price) ? {} : { max_price: price }),
    ...(allowFallbacks.value === "" ? {} : { allow_fallbacks: allowFallbacks.value === "true" }),
  };
  return isEmpty(provider) ? {} : { provider };
};

const known: ReadonlySet<string> = new Set(parameterNames);
/** Settings that have fields of their own. */
const elsewhere: ReadonlySet<string> = new Set(["model", "fallback", "guardrails", "provider"]);

type Parameters = { readonly value: Readonly<Record<string, unknown>> } | { readonly fault: string };

/** What the JSON says, or what is wrong with it. The API checks the values. */
export const readParameters = (text: string): Parameters => {
  if (text.trim() === "") return { value: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { fault: `This is not JSON: ${error instanceof Error ? error.message : "it cannot be read"}.` };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { fault: 'Write one JSON object, such as {"temperature": 0.2}.' };
  }
  const unknown = Object.keys(value).filter((name) => !known.has(name));
  const [first] = unknown;
  if (first === undefined) return { value: value as Readonly<Record<string, unknown>> };
  if (elsewhere.has(first)) return { fault: `${first} has a field of its own above or below.` };
  return { fault: `A preset cannot set ${unknown.join(", ")}. It can set ${parameterNames.join(", ")}.` };
};

/** The settings that the fields say. @throws Error for parameters that cannot be read */
export const toSettings = (fields: PresetFields): PresetSettings => {
  const parameters = readParameters(fields.parameters.value);
  if ("fault" in parameters) throw new Error(parameters.fault);
  return {
    model: fields.model.value.trim(),
    ...listed("fallback", fields.fallback),
    ...guardrailSettings(fields),
    ...providerSettings(fields),
    ...parameters.value,
  };
};
