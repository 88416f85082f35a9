import { anyPrincipal } from "#core/http/authenticate.ts";
import { byKeyOrSession } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { withBody } from "#core/http/schema.ts";
import { castVote } from "#core/ratings/cast-vote.ts";
import { voteRoute } from "#core/routes.ts";
import { voteBodySchema } from "#core/schemas/ratings.ts";

/** POST /api/v1/runs/:id/vote */
export const handler = jsonHandler({
  route: voteRoute,
  authenticate: byKeyOrSession,
  endpoints: {
    POST: withBody(voteBodySchema, async (call) => {
      const id = call.pathParameters.id ?? "";
      const { mode, agents, vote } = await castVote(anyPrincipal(call), id, call.body.winner, call.startedAtMs);
      return { status: 200, json: { success: true, data: { id, mode, winner: vote?.winner, agents } } };
    }),
  },
});
