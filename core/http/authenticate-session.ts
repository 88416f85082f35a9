import { countRequest } from "#core/auth/count-request.ts";
import { countedAddress } from "#core/auth/counted-address.ts";
import type { SessionPrincipal } from "#core/auth/principal.ts";
import { readSession } from "#core/auth/session-claims.ts";
import { type RequestClient, requestClient } from "#core/auth/supabase-client.ts";
import { GatewayError } from "#core/errors.ts";
import { type Authenticate, byApiKey } from "./authenticate.ts";
import { isSecure, requireSameOrigin } from "./origin.ts";
import type { Call, RequestState } from "./request-state.ts";

/** Supabase for one request, with its cookies. What the client sets leaves only with `state.cookies`. */
export const detachedSupabase = (state: RequestState): RequestClient =>
  requestClient({
    cookieHeader: state.headers.cookie,
    cookiePath: `${state.pathPrefix}/`,
    secure: isSecure(state),
  });

/** Supabase without the request's session. What the client sets leaves with no answer. */
export const cookielessSupabase = (): RequestClient["supabase"] =>
  requestClient({ cookieHeader: undefined, cookiePath: "/", secure: true }).supabase;

/** The same, whose cookies leave with the answer, errors too. */
export const supabaseFor = (state: RequestState): RequestClient => {
  const client = detachedSupabase(state);
  state.cookies.push(client.setCookies);
  return client;
};

const reads: ReadonlySet<string> = new Set(["GET", "HEAD"]);

const sendsKey = ({ headers }: Pick<RequestState, "headers">): boolean =>
  headers.authorization !== undefined || headers["x-api-key"] !== undefined;

/** By the dashboard's session cookie. API keys are ignored; a request with a key and no cookie is rejected. */
export const bySession: Authenticate = async (state) => {
  if (sendsKey(state) && state.headers.cookie === undefined) {
    throw new GatewayError("UNAUTHORIZED", "This endpoint needs a dashboard session, not an API key.");
  }
  if (!reads.has(state.method)) requireSameOrigin(state);
  const principal = await readSession(supabaseFor(state).supabase);
  state.principal = principal;
  state.limit = await countRequest(state.route.limit, principal.userId, state.startedAtMs);
};

/** By API key when one was sent, else by session. */
export const byKeyOrSession: Authenticate = (state) => (sendsKey(state) ? byApiKey(state) : bySession(state));

/** For anyone, counted by address; an IPv6 address by its /64. */
export const byAddress: Authenticate = async (state) => {
  if (!reads.has(state.method)) requireSameOrigin(state);
  state.limit = await countRequest(state.route.limit, countedAddress(state.sourceIp), state.startedAtMs);
};

/** Who is signed in. For endpoints of `bySession` only: anything else is a programmer's error. */
export const sessionPrincipal = (call: Pick<Call<unknown>, "principal">): SessionPrincipal => {
  if (call.principal?.kind !== "session") throw new Error("This endpoint is not behind a session");
  return call.principal;
};
