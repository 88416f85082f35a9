import { cacheSettings } from "#core/cache/cache-settings.ts";
import { ChatCompletion } from "#core/chat/chat-completion.ts";
import { byApiKey, keyPrincipal } from "#core/http/authenticate.ts";
import { eventStream } from "#core/http/event-stream.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { withBody } from "#core/http/schema.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";

/** POST /api/v1/chat/completions */
export const handler = streamHandler({
  route: "ChatCompletions",
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      chatRequestSchema,
      idempotent(async (call) => {
        const chat = new ChatCompletion(call, call.body, {
          principal: keyPrincipal(call),
          providerKeySlug: call.headers["x-provider-key"],
          cache: cacheSettings(call.headers, call.body),
        });
        if (call.body.stream === true) {
          return eventStream({ start: chat.start(), toError: chat.fail, signal: chat.signal });
        }
        const { completion, headers } = await chat.run();
        return { status: 200, json: completion, headers };
      }),
    ),
  },
});
