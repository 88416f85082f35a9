import type { ChatTool, ChatToolChoice } from "#core/schemas/chat.ts";

/** OpenAI's two forms of tools: functions, called with JSON, and custom ones, called with text. */

/** What names a tool: its own definition, or a choice of it. */
type Named = ChatTool | Exclude<ChatToolChoice, string | { type: "allowed_tools" }>;

export const toolName = (tool: Named): string => (tool.type === "custom" ? tool.custom.name : tool.function.name);

type Called =
  | { readonly type: "custom"; readonly custom: { readonly name: string; readonly input: string } }
  | { readonly type: "function"; readonly function: { readonly name: string; readonly arguments: string } };

/** A call's tool and what it is called with. */
export const calledWith = (call: Called): { readonly name: string; readonly text: string } =>
  call.type === "custom"
    ? { name: call.custom.name, text: call.custom.input }
    : { name: call.function.name, text: call.function.arguments };
