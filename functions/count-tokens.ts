import { checkNativeUrls } from "#core/chat/check-native-urls.ts";
import { countInput } from "#core/dialects/messages/count-tokens.ts";
import { messagesWire } from "#core/dialects/messages/wire.ts";
import { failureBehind, failureToError, singleCall } from "#core/generation/failure-to-error.ts";
import { unchargedWork } from "#core/generation/uncharged-work.ts";
import { byApiKey, guardedCallerOf } from "#core/http/authenticate.ts";
import { countedModel } from "#core/http/counted-model.ts";
import { streamHandler } from "#core/http/handler.ts";
import { withBody } from "#core/http/schema.ts";
import { countTokensLimit, countTokensRoute } from "#core/routes.ts";
import { countTokensRequestSchema } from "#core/schemas/messages.ts";

const timeoutMs = 20_000;
const timeouts = { headersMs: timeoutMs, idleMs: timeoutMs };

/** POST /api/v1/messages/count_tokens */
export const handler = streamHandler({
  route: countTokensRoute,
  authenticate: byApiKey,
  wire: messagesWire,
  endpoints: {
    POST: withBody(countTokensRequestSchema, async (call) => {
      const { body, headers } = call;
      checkNativeUrls(body);
      const caller = guardedCallerOf(call);
      const model = await countedModel(caller, body.model);
      const count = await unchargedWork(
        call,
        caller,
        { model, timeoutMs, limit: countTokensLimit },
        async ({ target, signal }) => {
          const { provider, providerModel } = target.model;
          try {
            // Bedrock's tokens are estimated: no key is opened and no role assumed for that.
            const credential = provider === "bedrock" ? undefined : await target.credential();
            return await countInput(body, headers, { provider, model: providerModel, credential, signal, timeouts });
          } catch (error) {
            const failure = failureBehind(error);
            throw failure === undefined ? error : failureToError(failure, singleCall(target.byok));
          }
        },
      );
      return {
        status: 200,
        json: { input_tokens: count.tokens },
        headers: count.estimated ? { "x-token-count": "estimated" } : {},
      };
    }),
  },
});
