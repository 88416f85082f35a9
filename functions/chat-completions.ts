import { councilPriceClass } from "#core/catalog/council-models.ts";
import { presetPrefix } from "#core/catalog/preset-name.ts";
import { chatTimeoutMs } from "#core/chat/chat-generation.ts";
import { guardedCallerOf } from "#core/http/authenticate.ts";
import { beginsEarly } from "#core/http/begins-early.ts";
import { eventStream } from "#core/http/event-stream.ts";
import { withFunctionCalls } from "#core/http/function-calls.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { byKeyOrPage } from "#core/http/key-or-page.ts";
import { openAnswer } from "#core/http/open-answer.ts";
import { withBody } from "#core/http/schema.ts";
import { chatCompletionsRoute } from "#core/routes.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";

/** From a request's deadline to the end of the function, which answers and settles the usage, ms. */
const settleMs = 5_000;

/** POST /api/v1/chat/completions */
export const handler = streamHandler({
  route: chatCompletionsRoute,
  authenticate: byKeyOrPage,
  beginsEarly,
  endpoints: {
    POST: withFunctionCalls(
      withBody(
        chatRequestSchema,
        idempotent(
          async (call) => {
            const { body, headers: sent } = call;
            const chat = await openAnswer(call, {
              body,
              headers: sent,
              caller: guardedCallerOf(call),
              dialect: "chat-completions",
            });
            if (body.stream === true) {
              return eventStream({ start: chat.stream(), toError: chat.fail, signal: chat.signal });
            }
            const { completion, headers } = await chat.whole();
            return { status: 200, json: completion, headers };
          },
          async ({ body, headers, startedAtMs, lambdaDeadlineMs }) => {
            // A council takes its time, up to the function's own; so may what a preset stands for, which is not read yet.
            if (councilPriceClass(body.model) !== undefined || body.model.startsWith(presetPrefix))
              return lambdaDeadlineMs;
            const { withHeaderFields } = await import("#core/chat/header-fields.ts");
            return startedAtMs + chatTimeoutMs(withHeaderFields(body, headers)) + settleMs;
          },
        ),
      ),
    ),
  },
});
