import type { ToolCall, ToolCallDelta } from "../../api/chat.ts";

/** The calls so far after one more piece of a stream. */
export const withToolDelta = (
  calls: readonly ToolCall[],
  { index, id, function: piece }: ToolCallDelta,
): ToolCall[] => {
  const { id: known, function: so } = calls[index] ?? { id: "", function: { name: "", arguments: "" } };
  const call: ToolCall = {
    id: known === "" ? (id ?? `call_${index}`) : known,
    type: "function",
    function: { name: so.name + (piece?.name ?? ""), arguments: so.arguments + (piece?.arguments ?? "") },
  };
  return [...calls.slice(0, index), call, ...calls.slice(index + 1)];
};

export type ReadTools =
  | { readonly tools: readonly unknown[]; readonly problem?: undefined }
  | { readonly problem: string; readonly tools?: undefined };

/** The tools that a user wrote as JSON: an array, or nothing. */
export const readTools = (text: string): ReadTools => {
  if (text.trim() === "") return { tools: [] };
  try {
    const tools: unknown = JSON.parse(text);
    return Array.isArray(tools) ? { tools } : { problem: "Tools are an array, as in the API's field “tools”." };
  } catch (thrown) {
    return { problem: `Tools are not valid JSON: ${thrown instanceof Error ? thrown.message : "unreadable"}` };
  }
};
