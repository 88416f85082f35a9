import { isRecord, type JsonRecord, ownValue } from "#core/values/records.ts";
import {
  reviewedBetas,
  reviewedBlocks,
  reviewedEdits,
  reviewedFields,
  reviewedMembers,
  reviewedSources,
  reviewedTool,
  reviewedToolTypes,
  reviewedTurn,
} from "./reviewed-messages.ts";

/** Leaves of a Messages request what has been reviewed (reviewed-messages.ts). What is dropped is named in `warnings`. */

/** Members that are left out without a word: they ask for nothing but the default. */
const silent: Readonly<Record<string, readonly unknown[]>> = {
  service_tier: ["auto", "standard_only"],
  speed: ["standard"],
  inference_geo: ["global"],
};

const isSilent = (name: string, value: unknown): boolean =>
  name === "model" || ownValue(silent, name)?.includes(value) === true;

const only = (source: JsonRecord, names: readonly string[], path: string, warnings: Set<string>): JsonRecord => {
  const kept: JsonRecord = {};
  for (const [name, value] of Object.entries(source)) {
    if (value === undefined || value === null) continue;
    if (names.includes(name)) kept[name] = value;
    else if (!isSilent(name, value)) warnings.add(path === "" ? name : `${path}.${name}`);
  }
  return kept;
};

const recordsOf = (list: unknown): readonly JsonRecord[] => (Array.isArray(list) ? list.filter(isRecord) : []);

const isDirect = (caller: unknown): boolean => isRecord(caller) && caller.type === "direct";

const reviewedBlock = (block: JsonRecord, warnings: Set<string>): JsonRecord[] => {
  const type = String(block.type);
  const names = ownValue(reviewedBlocks, type);
  if (names === undefined) {
    warnings.add(type);
    return [];
  }
  const kept = only(block, names, type, warnings);
  const { source } = kept;
  if (isRecord(source) && !reviewedSources.includes(String(source.type))) {
    warnings.add(`${type}.source.${String(source.type)}`);
    return [];
  }
  if (kept.caller !== undefined && !isDirect(kept.caller)) delete kept.caller;
  if (Array.isArray(kept.content)) kept.content = reviewedContent(kept.content, warnings);
  if (isRecord(source) && Array.isArray(source.content)) {
    kept.source = { ...source, content: reviewedContent(source.content, warnings) };
  }
  return [kept];
};

const reviewedContent = (content: unknown, warnings: Set<string>): unknown =>
  Array.isArray(content) ? recordsOf(content).flatMap((block) => reviewedBlock(block, warnings)) : content;

const reviewedTurns = (messages: unknown, warnings: Set<string>): readonly JsonRecord[] =>
  recordsOf(messages).flatMap((message) => {
    const turn = only(message, reviewedTurn, "messages", warnings);
    const content = reviewedContent(turn.content, warnings);
    if (isRecord(turn.output_config)) turn.output_config = only(turn.output_config, ["effort"], "messages", warnings);
    // A turn of which nothing is left would be refused.
    return Array.isArray(content) && content.length === 0 ? [] : [{ ...turn, content }];
  });

const isOwn = ({ type }: JsonRecord): boolean => type === undefined || type === null || type === "custom";

const reviewedTools = (tools: unknown, warnings: Set<string>): readonly JsonRecord[] =>
  recordsOf(tools).flatMap((tool) => {
    if (isOwn(tool)) {
      const { allowed_callers: callers, ...rest } = tool;
      // Only code that Anthropic runs would call them in another way.
      if (Array.isArray(callers) && callers.some((caller) => caller !== "direct"))
        warnings.add("tools.allowed_callers");
      return [only(rest, reviewedTool, "tools", warnings)];
    }
    const type = String(tool.type);
    if (reviewedToolTypes.some((pattern) => pattern.test(type))) return [tool];
    warnings.add(`tools.${type}`);
    return [];
  });

const reviewedEditing = (management: JsonRecord, warnings: Set<string>): JsonRecord | undefined => {
  const edits = recordsOf(management.edits).filter(({ type }) => {
    if (reviewedEdits.includes(String(type))) return true;
    warnings.add(`context_management.${String(type)}`);
    return false;
  });
  return edits.length === 0 ? undefined : { edits };
};

/** The reviewed part of a request. */
export const reviewMessages = (body: JsonRecord, warnings: Set<string>): JsonRecord => {
  const { output_format: format, ...rest } = body;
  const kept = only(rest, reviewedFields, "", warnings);
  for (const [name, members] of Object.entries(reviewedMembers)) {
    if (isRecord(kept[name])) kept[name] = only(kept[name], members, name, warnings);
  }
  // What output_config.format was called before.
  if (isRecord(format)) kept.output_config = { format, ...(isRecord(kept.output_config) ? kept.output_config : {}) };
  kept.messages = reviewedTurns(kept.messages, warnings);
  if (Array.isArray(kept.system)) kept.system = reviewedContent(kept.system, warnings);
  if (isRecord(kept.context_management)) {
    const editing = reviewedEditing(kept.context_management, warnings);
    if (editing === undefined) delete kept.context_management;
    else kept.context_management = editing;
  }
  const tools = reviewedTools(kept.tools, warnings);
  delete kept.tools;
  if (tools.length > 0) kept.tools = tools;
  else delete kept.tool_choice;
  return kept;
};

/** The reviewed names of `anthropic-beta`. */
export const reviewBetas = (header: string | undefined, warnings: Set<string>): readonly string[] =>
  (header ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => {
      if (name === "") return false;
      if (reviewedBetas.includes(name)) return true;
      warnings.add(name);
      return false;
    });
