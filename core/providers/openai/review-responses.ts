import { isRecord, type JsonRecord, ownValue } from "#core/values/records.ts";
import {
  type ReviewedMembers,
  reviewedFields,
  reviewedIncludes,
  reviewedItems,
  reviewedMembers,
  reviewedParts,
  reviewedTools,
} from "./reviewed-responses.ts";

/** Leaves of a Responses request what has been reviewed (reviewed-responses.ts). What is dropped is named in `warnings`. */

/** Members that are left out without a word: they say nothing that the answer depends on. */
const silent: ReadonlySet<string> = new Set(["id", "client_metadata", "model", "store"]);

const only = (source: JsonRecord, names: readonly string[], path: string, warnings: Set<string>): JsonRecord => {
  const kept: JsonRecord = {};
  for (const [name, value] of Object.entries(source)) {
    if (value === undefined || value === null) continue;
    if (names.includes(name)) kept[name] = value;
    else if (!silent.has(name)) warnings.add(path === "" ? name : `${path}.${name}`);
  }
  return kept;
};

/** Objects of a reviewed type, with their reviewed members. */
const typed = (list: unknown, types: ReviewedMembers, path: string, warnings: Set<string>): JsonRecord[] =>
  (Array.isArray(list) ? list.filter(isRecord) : []).flatMap((entry) => {
    const type = String(entry.type);
    const names = ownValue(types, type);
    if (names !== undefined) return [only(entry, names, `${path}.${type}`, warnings)];
    warnings.add(`${path}.${type}`);
    return [];
  });

const reviewedContent = (content: unknown, warnings: Set<string>): unknown =>
  Array.isArray(content)
    ? typed(content, reviewedParts, "input", warnings).map((part) =>
        // Annotations name files and pages that only their own account has.
        part.type === "output_text" ? { ...part, annotations: [] } : part,
      )
    : content;

const reviewedInput = (input: unknown, warnings: Set<string>): unknown => {
  if (!Array.isArray(input)) return input;
  const items = input.filter(isRecord).flatMap((item): JsonRecord[] => {
    const isMessage = item.type === undefined && item.role !== undefined;
    // Reasoning that exists only as a reference helps, and is not needed.
    if (item.type === "item_reference" || (item.type === undefined && !isMessage)) return [];
    return [isMessage ? { ...item, type: "message" } : item];
  });
  return typed(items, reviewedItems, "input", warnings)
    .filter((item) => item.type !== "reasoning" || typeof item.encrypted_content === "string")
    .map((item) => ({
      ...item,
      ...(item.type === "message" ? { content: reviewedContent(item.content, warnings) } : {}),
      ...(item.output === undefined ? {} : { output: reviewedContent(item.output, warnings) }),
    }));
};

const reviewedToolList = (tools: unknown, warnings: Set<string>): JsonRecord[] =>
  typed(tools, reviewedTools, "tools", warnings).map((tool) =>
    // However deep they stand: nobody has reviewed what is below.
    tool.type === "namespace" ? { ...tool, tools: reviewedToolList(tool.tools, warnings) } : tool,
  );

const isCallable = (tool: unknown): boolean =>
  isRecord(tool) && ownValue(reviewedTools, String(tool.type)) !== undefined;

/** Without tools that have been dropped. A forced choice of one has been refused before. */
const reviewedChoice = (choice: unknown): unknown =>
  isRecord(choice) && choice.type === "allowed_tools" && Array.isArray(choice.tools)
    ? { ...choice, tools: choice.tools.filter(isCallable) }
    : choice;

/** The reviewed part of a request. Nothing of it is stored. */
export const reviewResponses = (body: JsonRecord, warnings: Set<string>): JsonRecord => {
  const kept = only(body, reviewedFields, "", warnings);
  for (const [name, members] of Object.entries(reviewedMembers)) {
    if (isRecord(kept[name])) kept[name] = only(kept[name], members, name, warnings);
  }
  kept.input = reviewedInput(kept.input, warnings);
  const tools = reviewedToolList(kept.tools, warnings);
  if (tools.length > 0) {
    kept.tools = tools;
    if (kept.tool_choice !== undefined) kept.tool_choice = reviewedChoice(kept.tool_choice);
  } else {
    delete kept.tools;
    delete kept.tool_choice;
    delete kept.parallel_tool_calls;
  }
  if (Array.isArray(kept.include))
    kept.include = kept.include.filter((name) => reviewedIncludes.includes(String(name)));
  return { ...kept, store: false };
};
