import { checkNativeUrls } from "#core/chat/check-native-urls.ts";
import { responsesDialect } from "#core/dialects/responses/dialect.ts";
import { inputTokens } from "#core/dialects/responses/input-tokens.ts";
import { countedInput } from "#core/generation/counted-input.ts";
import { unchargedWork } from "#core/generation/uncharged-work.ts";
import { byApiKey, guardedCallerOf } from "#core/http/authenticate.ts";
import { countedModel } from "#core/http/counted-model.ts";
import { streamHandler } from "#core/http/handler.ts";
import { withBody } from "#core/http/schema.ts";
import { countTokensLimit, responsesInputTokensRoute } from "#core/routes.ts";
import { responsesRequestSchema } from "#core/schemas/responses.ts";

const timeoutMs = 20_000;

/** POST /api/v1/responses/input_tokens */
export const handler = streamHandler({
  route: responsesInputTokensRoute,
  authenticate: byApiKey,
  wire: responsesDialect.wire,
  endpoints: {
    POST: withBody(responsesRequestSchema, async (call) => {
      checkNativeUrls(call.body);
      const caller = guardedCallerOf(call);
      const model = await countedModel(caller, call.body.model);
      const input = inputTokens(call.body);
      const { tokens, estimated } = await unchargedWork(
        call,
        caller,
        { model, timeoutMs, limit: countTokensLimit },
        (work) => countedInput(work, input),
      );
      return {
        status: 200,
        json: { object: "response.input_tokens", input_tokens: tokens },
        headers: estimated ? { "x-token-count": "estimated" } : {},
      };
    }),
  },
});
