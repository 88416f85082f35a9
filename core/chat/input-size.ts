import { calledWith } from "#core/providers/tool-forms.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";

/** An image costs about this many tokens, whatever its base64 weighs. */
const imageCharacters = 1_000 * 4;

const contentCharacters = (content: unknown): number => {
  if (typeof content === "string") return content.length;
  if (!Array.isArray(content)) return 0;
  let characters = 0;
  for (const part of content as readonly { readonly type?: string; readonly text?: unknown }[]) {
    characters += part.type === "text" && typeof part.text === "string" ? part.text.length : imageCharacters;
  }
  return characters;
};

/** Characters of what a model is given to read, for estimates. */
export const inputCharacters = (request: ChatRequest): number => {
  let characters = 0;
  for (const message of request.messages) {
    characters += contentCharacters(message.content) + 16;
    if (message.role === "assistant") {
      for (const { name, text } of (message.tool_calls ?? []).map(calledWith)) characters += name.length + text.length;
    }
  }
  if (request.tools !== undefined) characters += JSON.stringify(request.tools).length;
  return characters;
};
