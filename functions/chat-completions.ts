import { cacheSettings } from "#core/cache/cache-settings.ts";
import { ChatCompletion } from "#core/chat/chat-completion.ts";
import { guardedCompletion, guardedFrames } from "#core/chat/guarded-answer.ts";
import { prepareRequest } from "#core/chat/prepare-request.ts";
import { chatTimeoutMs } from "#core/chat/request-parts.ts";
import { byApiKey, keyPrincipal } from "#core/http/authenticate.ts";
import { eventStream } from "#core/http/event-stream.ts";
import { streamHandler } from "#core/http/handler.ts";
import { idempotent } from "#core/http/idempotent.ts";
import { withBody } from "#core/http/schema.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";

/** From a request's deadline to the end of the function, which tells of it and settles its usage, ms. */
const settleMs = 5_000;

/** POST /api/v1/chat/completions */
export const handler = streamHandler({
  route: "ChatCompletions",
  authenticate: byApiKey,
  endpoints: {
    POST: withBody(
      chatRequestSchema,
      idempotent(
        async (call) => {
          const prepared = await prepareRequest(call.body, call.headers);
          const { request, outputGuard } = prepared;
          if (prepared.findings.length > 0) call.log.guardrail_findings = prepared.findings.map(({ type }) => type);
          const chat = new ChatCompletion(call, request, {
            principal: keyPrincipal(call),
            providerKeySlug: call.headers["x-provider-key"],
            cache: cacheSettings(call.headers, request),
            guardrailsKey: prepared.guardrailsKey,
            promptVersion: prepared.promptVersion,
          });
          if (request.stream === true) {
            const start = chat.start().then(async ({ frames, headers }) => ({
              frames: outputGuard === undefined ? frames : await guardedFrames(frames, chat, outputGuard),
              headers: { ...headers, ...prepared.headers },
            }));
            return eventStream({ start, toError: chat.fail, signal: chat.signal });
          }
          const { completion, headers } = await chat.run();
          const json = outputGuard === undefined ? completion : await guardedCompletion(completion, chat, outputGuard);
          return { status: 200, json, headers: { ...headers, ...prepared.headers } };
        },
        ({ body, startedAtMs }) => startedAtMs + chatTimeoutMs(body) + settleMs,
      ),
    ),
  },
});
