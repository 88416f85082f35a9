import { resolveModel } from "#core/catalog/resolve.ts";
import { estimateInput } from "#core/dialects/messages/count-tokens.ts";
import { messagesWire } from "#core/dialects/messages/wire.ts";
import { unpaidWork } from "#core/generation/unpaid-work.ts";
import { byApiKey, callerOf } from "#core/http/authenticate.ts";
import { streamHandler } from "#core/http/handler.ts";
import { withBody } from "#core/http/schema.ts";
import { countTokensRequestSchema } from "#core/schemas/messages.ts";

const timeoutMs = 20_000;

/** POST /api/v1/messages/count_tokens */
export const handler = streamHandler({
  route: "CountTokens",
  authenticate: byApiKey,
  wire: messagesWire,
  endpoints: {
    POST: withBody(countTokensRequestSchema, async (call) => {
      const model = resolveModel(call.body.model);
      const tokens = await unpaidWork(call, callerOf(call), { model, timeoutMs }, async () =>
        estimateInput(call.body, call.headers),
      );
      return { status: 200, json: { input_tokens: tokens }, headers: { "x-token-count": "estimated" } };
    }),
  },
});
