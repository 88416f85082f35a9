import type { ChatRequest } from "#core/schemas/chat.ts";

/** The tool by which an agent searches the web by itself. */
export const searchTool: NonNullable<ChatRequest["tools"]> = [
  {
    type: "function",
    function: {
      name: "web_search",
      description: "Searches the web. Use it when the answer needs facts that are recent or that you are not sure of.",
      parameters: {
        type: "object",
        properties: { query: { type: "string", description: "What to search for" } },
        required: ["query"],
        additionalProperties: false,
      },
    },
  },
];
