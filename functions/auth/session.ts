import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { sessionRoute } from "#core/routes.ts";

/** GET /api/auth/session: who is signed in, refreshed if due */
export const handler = jsonHandler({
  route: sessionRoute,
  authenticate: bySession,
  endpoints: {
    GET: {
      handle: async (call) => {
        const { userId, email, signedInAtMs } = sessionPrincipal(call);
        const signedInAt = signedInAtMs === undefined ? null : new Date(signedInAtMs).toISOString();
        return {
          status: 200,
          json: { success: true, data: { user: { id: userId, email: email ?? null }, signedInAt } },
        };
      },
    },
  },
});
