import type { ArenaRequest } from "#core/schemas/arena.ts";
import type { ChatMessage } from "#core/schemas/chat.ts";
import type { Opening } from "./arena-run.ts";
import { searchAvailable } from "./exa.ts";
import { searchTool } from "./search-tool.ts";
import { voteFormat } from "./vote-format.ts";

/** The turns before and the question. */
export const messagesOf = ({ history, message }: ArenaRequest): readonly ChatMessage[] => [
  ...history.map(({ role, content }): ChatMessage => ({ role, content })),
  { role: "user", content: message },
];

/** What every agent of a run must be able to take: `auto` is resolved for it, once a run, and money is reserved by it. */
export const openingOf = (request: ArenaRequest): Opening => ({
  messages: [...messagesOf(request)],
  ...(request.search && searchAvailable() ? { tools: searchTool } : {}),
  ...(request.mode === "fight" ? { response_format: voteFormat(["A"]) } : {}),
  ...(request.maxTokens === undefined ? {} : { max_completion_tokens: request.maxTokens }),
});
