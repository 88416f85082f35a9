import { createHash } from "node:crypto";
import { isRecord, type JsonRecord } from "#core/values/records.ts";
import { textOf } from "./read.ts";

/**
 * Names of tools in both directions. The core has one flat list of names; here a tool may stand in a namespace, and its
 * calls name both. The mapping is made of the request alone, so that the answer can be named back.
 */

/** A tool as the caller knows it. */
export interface ToolName {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly type: "function" | "custom";
}

/** A tool whose name in the core differs from the client's. */
export interface NamedTool extends ToolName {
  readonly flat: string;
  readonly definition: JsonRecord;
  /** Where it stands in the request. */
  readonly path: string;
}

const flatName = /^[a-zA-Z0-9_-]{1,64}$/;
const digestLength = 12;
const maxStemLength = 50;

/** A name that every provider takes, and that differs where the full names differ. */
const toFlat = (name: string, namespace: string | undefined): string => {
  const full = namespace === undefined ? name : `${namespace}__${name}`;
  if (flatName.test(full)) return full;
  const digest = createHash("sha256").update(full).digest("hex").slice(0, digestLength);
  return `${full.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, maxStemLength)}_${digest}`;
};

const typeOf = (definition: JsonRecord): ToolName["type"] | undefined =>
  definition.type === "function" || definition.type === "custom" ? definition.type : undefined;

const namedTool = (definition: JsonRecord, namespace: string | undefined, path: string): NamedTool[] => {
  const type = typeOf(definition);
  const name = textOf(definition.name);
  if (type === undefined || name === undefined) return [];
  return [{ name, namespace, type, flat: toFlat(name, namespace), definition, path }];
};

/** The functions and custom tools of a request in their order, those of namespaces among them. Others have no name here. */
export const namedTools = (tools: readonly JsonRecord[]): readonly NamedTool[] =>
  tools.flatMap((tool, index) => {
    const path = `tools[${index}]`;
    if (tool.type !== "namespace") return namedTool(tool, undefined, path);
    const members: readonly unknown[] = Array.isArray(tool.tools) ? tool.tools : [];
    return members.flatMap((member, at) =>
      isRecord(member) ? namedTool(member, textOf(tool.name), `${path}.tools[${at}]`) : [],
    );
  });

/** The core's name of a tool that a call or a choice names, also of one that is not in the list any more. */
export const flatNameOf = (call: JsonRecord, name: string): string => toFlat(name, textOf(call.namespace));

/** Gives the caller's name of a tool for the core's. */
export class ToolNames {
  readonly #byFlat: ReadonlyMap<string, ToolName>;

  constructor(tools: readonly JsonRecord[] | undefined) {
    this.#byFlat = new Map(namedTools(tools ?? []).map((tool) => [tool.flat, tool]));
  }

  /** A name that is not in the list, which a model made up, stays as it is. */
  callerName(flat: string): ToolName {
    return this.#byFlat.get(flat) ?? { name: flat, namespace: undefined, type: "function" };
  }
}
