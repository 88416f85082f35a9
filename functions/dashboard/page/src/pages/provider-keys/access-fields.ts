import { type Signal, signal } from "@preact/signals";
import type { AuthHeader } from "../../api/custom-presets.ts";
import type { CustomModel, Protocol, ProviderAccess } from "../../api/provider-keys.ts";
import type { Target } from "./targets.ts";

/** The fields of the form for a target, and what they say. */

export interface ModelFields {
  /** Tells rows apart. */
  readonly row: number;
  readonly id: Signal<string>;
  readonly input: Signal<string>;
  readonly output: Signal<string>;
  readonly contextWindow: Signal<string>;
}

export interface AccessFields {
  readonly apiKey: Signal<string>;
  readonly baseUrl: Signal<string>;
  readonly protocol: Signal<string>;
  readonly authHeader: Signal<string>;
  readonly apiVersion: Signal<string>;
  readonly models: Signal<readonly ModelFields[]>;
  readonly region: Signal<string>;
  readonly roleArn: Signal<string>;
  /** Of Bedrock. */
  readonly by: Signal<"key" | "role">;
}

export const newFields = ({ preset }: Target): AccessFields => ({
  apiKey: signal(""),
  baseUrl: signal(preset?.baseUrl ?? ""),
  protocol: signal("openai"),
  authHeader: signal(preset?.authHeader ?? "authorization"),
  apiVersion: signal(""),
  models: signal([]),
  region: signal("us-east-1"),
  roleArn: signal(""),
  by: signal("key"),
});

let rows = 0;

export const newModel = (): ModelFields => {
  rows += 1;
  return { row: rows, id: signal(""), input: signal(""), output: signal(""), contextWindow: signal("") };
};

const text = ({ value }: Signal<string>): string => value.trim();

/** Where the key goes and how, as the fields say. */
export const accessOf = ({ id, kind }: Target, fields: AccessFields): ProviderAccess => {
  const apiKey = text(fields.apiKey);
  if (kind === "named") return { provider: id, apiKey };
  if (kind === "bedrock") {
    const region = text(fields.region);
    return fields.by.value === "role"
      ? { provider: "bedrock", region, roleArn: text(fields.roleArn) }
      : { provider: "bedrock", region, apiKey };
  }
  const apiVersion = text(fields.apiVersion);
  return {
    provider: "custom",
    apiKey,
    baseUrl: text(fields.baseUrl),
    protocol: fields.protocol.value as Protocol,
    authHeader: fields.authHeader.value as AuthHeader,
    ...(apiVersion === "" ? {} : { apiVersion }),
  };
};

/** The models that the fields describe; rows without a name are left out. */
export const modelsOf = ({ models }: AccessFields): readonly CustomModel[] =>
  models.value
    .filter(({ id }) => text(id) !== "")
    .map(({ id, input, output, contextWindow }) => ({
      id: text(id),
      ...(text(input) === "" && text(output) === ""
        ? {}
        : { prices: { input: Number(text(input)), output: Number(text(output)) } }),
      ...(text(contextWindow) === "" ? {} : { contextWindow: Number(text(contextWindow)) }),
    }));
