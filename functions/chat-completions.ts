import { ChatCompletion } from "#core/chat/chat-completion.ts";
import { byApiKey, keyPrincipal } from "#core/http/authenticate.ts";
import { eventStream } from "#core/http/event-stream.ts";
import { streamHandler } from "#core/http/handler.ts";
import { withBody } from "#core/http/schema.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";

/** POST /api/v1/chat/completions */
export const handler = streamHandler({
  route: "ChatCompletions",
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(chatRequestSchema, async (call) => {
      const chat = new ChatCompletion(call, call.body, keyPrincipal(call));
      if (call.body.stream === true) {
        return eventStream({ start: chat.start(), toError: chat.fail, signal: chat.signal });
      }
      const { completion, headers } = await chat.run();
      return { status: 200, json: completion, headers };
    }),
  },
});
