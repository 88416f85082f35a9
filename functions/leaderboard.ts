import { GatewayError } from "#core/errors.ts";
import { anyPrincipal } from "#core/http/authenticate.ts";
import { byKeyOrSession } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { withBody } from "#core/http/schema.ts";
import { shareVotes } from "#core/ratings/change-sums.ts";
import { readLeaderboard } from "#core/ratings/read-leaderboard.ts";
import { leaderboardRoute } from "#core/routes.ts";
import { leaderboardPatchSchema, leaderboardQuerySchema } from "#core/schemas/ratings.ts";

/** GET and PATCH /api/v1/leaderboard */
export const handler = jsonHandler({
  route: leaderboardRoute,
  authenticate: byKeyOrSession,
  endpoints: {
    GET: {
      handle: async (call) => {
        const query = parseWith(leaderboardQuerySchema, call.query);
        const data = await readLeaderboard(anyPrincipal(call).userId, query, call.startedAtMs);
        return { status: 200, json: { success: true, data } };
      },
    },
    PATCH: withBody(leaderboardPatchSchema, async (call) => {
      const { kind, userId } = anyPrincipal(call);
      if (kind !== "session") {
        throw new GatewayError("FORBIDDEN", "An API key cannot share an account's votes. Sign in to the dashboard.");
      }
      const { share } = await shareVotes(userId, call.body.share, call.startedAtMs);
      return { status: 200, json: { success: true, data: { share } } };
    }),
  },
});
