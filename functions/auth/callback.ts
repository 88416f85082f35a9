import { accountHandler } from "#core/http/account-handler.ts";
import { byAddress } from "#core/http/authenticate-session.ts";
import { withBody } from "#core/http/schema.ts";
import { confirmLink, openLink } from "#core/http/sign-in-link.ts";
import { authCallbackRoute } from "#core/routes.ts";
import { confirmSignInSchema } from "#core/schemas/auth.ts";

/** GET /api/auth/callback: where OAuth and the links of mails come back to. POST: the visitor agrees to a link's address */
export const handler = accountHandler({
  route: authCallbackRoute,
  authenticate: byAddress,
  endpoints: {
    GET: {
      // A mail scanner that looks at a link must not use it up.
      answersHead: false,
      handle: async (call) => ({
        status: 303,
        headers: { location: `${call.pathPrefix}${await openLink(call)}` },
      }),
    },
    POST: withBody(confirmSignInSchema, async (call) => {
      const { id, email } = await confirmLink(call, call.body);
      return { status: 200, json: { success: true, data: { user: { id, email: email ?? null } } } };
    }),
  },
});
