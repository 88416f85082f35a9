import { accountArn } from "#core/aws/account.ts";
import { accountHandler } from "#core/http/account-handler.ts";
import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { withBody } from "#core/http/schema.ts";
import { bedrockExternalId, showProviderKeys, storeProviderKey } from "#core/provider-keys/provider-keys.ts";
import { providerKeysRoute } from "#core/routes.ts";
import { createProviderKeySchema } from "#core/schemas/provider-keys.ts";

/** GET and POST /api/v1/provider-keys */
export const handler = accountHandler({
  route: providerKeysRoute,
  authenticate: bySession,
  endpoints: {
    GET: {
      handle: async (call) => {
        const { userId } = sessionPrincipal(call);
        const [data, externalId] = await Promise.all([showProviderKeys(userId), bedrockExternalId(userId)]);
        const trust = { bedrockExternalId: externalId, bedrockPrincipal: accountArn() };
        return { status: 200, json: { success: true, data, ...trust } };
      },
    },
    POST: withBody(createProviderKeySchema, async (call) => {
      const principal = sessionPrincipal(call);
      await principal.confirm();
      return {
        status: 201,
        json: {
          success: true,
          data: await storeProviderKey(principal.userId, call.body, call.requestId),
        },
      };
    }),
  },
});
