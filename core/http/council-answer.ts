import { verifyApiKey } from "#core/auth/api-key.ts";
import { countRequest } from "#core/auth/count-request.ts";
import { requireKey } from "#core/auth/key-format.ts";
import { type LimitState, nearestLimit } from "#core/auth/rate-limit.ts";
import type { CouncilPriceClass } from "#core/catalog/council-models.ts";
import type { ChatOpening } from "#core/chat/open-chat.ts";
import type { OpenChat } from "#core/chat/opened-chat.ts";
import { openCouncil } from "#core/council/council-chat.ts";
import { playgroundKeyId } from "#core/db/key-limits.ts";
import { councilLimit } from "#core/routes.ts";
import { keyPrincipal } from "./authenticate.ts";
import type { Call } from "./request-state.ts";

const countCouncil = async (call: Call<unknown>): Promise<LimitState | undefined> => {
  const { keyId, userId } = keyPrincipal(call);
  // The dashboard's own pages have no key, and are counted by user.
  if (keyId === playgroundKeyId) return countRequest(councilLimit, userId, call.startedAtMs);
  const { limit, deferred } = await verifyApiKey(requireKey(call.headers), councilLimit, "Council", call.startedAtMs);
  if (deferred !== undefined) call.deferred.push(deferred);
  return limit;
};

/**
 * Opens a council that is requested through a chat dialect. It counts against the council's own limit, in the same window as POST /api/v1/council. That is a
 * second verification, which also counts a second request against the key's own limit. @throws GatewayError
 */
export const openCountedCouncil = async (
  call: Call<unknown>,
  opening: ChatOpening,
  priceClass: CouncilPriceClass,
): Promise<OpenChat> => {
  // A preset may stand for a council, and a council takes back nothing that it has begun.
  await call.verdict;
  const limit = await countCouncil(call);
  call.limit = nearestLimit([call.limit, limit].filter((state) => state !== undefined));
  return openCouncil(call, opening, priceClass);
};
