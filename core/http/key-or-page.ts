import { connectBeforeFirstKey } from "#core/auth/connect-early.ts";
import { type Authenticate, byApiKey } from "./authenticate.ts";
import type { RequestState } from "./request-state.ts";

/** The header by which the dashboard's own pages ask for their session to count. */
const pageHeader = "x-concurred-page";

const verifyKeyOrPage = async (state: RequestState): Promise<void> => {
  const { headers } = state;
  // A key counts for more than a session: whoever sends one means it.
  const sendsKey = headers.authorization !== undefined || headers["x-api-key"] !== undefined;
  if (sendsKey || headers[pageHeader] === undefined) return byApiKey(state);
  // Few requests come from the dashboard: the others do not load what reads a session.
  const { byOwnPage } = await import("./own-page-session.ts");
  return byOwnPage(state);
};

/** By API key, or by the session of the dashboard's own pages, whose calls are those of the key "Playground". */
export const byKeyOrPage: Authenticate = Object.assign(verifyKeyOrPage, { beforeFirst: connectBeforeFirstKey });
