import { countRequest } from "#core/auth/count-request.ts";
import type { KeyPrincipal } from "#core/auth/principal.ts";
import { readSession } from "#core/auth/session-claims.ts";
import { fromUsd } from "#core/catalog/cost.ts";
import { config } from "#core/config.ts";
import { playgroundKeyId } from "#core/db/key-limits.ts";
import { playgroundLimits } from "#core/db/playground-limits.ts";
import { GatewayError } from "#core/errors.ts";
import { supabaseFor } from "./authenticate-session.ts";
import { isJson } from "./body.ts";
import { requireSameOrigin } from "./origin.ts";
import type { RequestState } from "./request-state.ts";

/**
 * The dashboard's own pages on endpoints that take API keys: the session's cookie counts there only for requests that no
 * other site can make. A browser states `Sec-Fetch-Site` itself, and a page of another site can neither add our header nor
 * send JSON without a preflight, which allows it nothing.
 */

const refuse = (message: string): GatewayError => new GatewayError("FORBIDDEN", message);

/** @throws GatewayError FORBIDDEN, UNSUPPORTED_MEDIA_TYPE */
const requireOwnPage = (state: RequestState): void => {
  if (state.headers["sec-fetch-site"] !== "same-origin") {
    throw refuse("A session is accepted from the dashboard's own pages only. Send an API key.");
  }
  requireSameOrigin(state);
  if (state.method !== "GET" && state.method !== "HEAD" && state.body !== null && !isJson(state)) {
    throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", "Send the body as JSON with `Content-Type: application/json`.", {
      param: "Content-Type",
    });
  }
};

const playgroundPrincipal = (userId: string): KeyPrincipal => ({
  kind: "key",
  userId,
  keyId: playgroundKeyId,
  limits: playgroundLimits(fromUsd(config.playgroundBudgetUsd())),
});

/** By the session of the dashboard's own page, counted by user. @throws GatewayError */
export const byOwnPage = async (state: RequestState): Promise<void> => {
  requireOwnPage(state);
  const { userId } = await readSession(supabaseFor(state).supabase);
  state.principal = playgroundPrincipal(userId);
  state.limit = await countRequest(state.route.limit, userId, state.startedAtMs);
};
