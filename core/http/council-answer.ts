import { verifyApiKey } from "#core/auth/api-key.ts";
import { requireKey } from "#core/auth/key-format.ts";
import { nearestLimit } from "#core/auth/rate-limit.ts";
import type { CouncilPriceClass } from "#core/catalog/council-models.ts";
import type { ChatOpening, OpenChat } from "#core/chat/open-chat.ts";
import { openCouncil } from "#core/council/council-chat.ts";
import { councilLimit } from "#core/routes.ts";
import type { Call } from "./request-state.ts";

/**
 * Opens a council that is requested through a chat dialect. It counts against the council's own limit, in the same window as POST /api/v1/council. That is a
 * second verification, which also counts a second request against the key's own limit. @throws GatewayError
 */
export const openCountedCouncil = async (
  call: Call<unknown>,
  opening: ChatOpening,
  priceClass: CouncilPriceClass,
): Promise<OpenChat> => {
  const { limit, deferred } = await verifyApiKey(requireKey(call.headers), councilLimit, "Council", call.startedAtMs);
  call.limit = nearestLimit([call.limit, limit].filter((state) => state !== undefined));
  if (deferred !== undefined) call.deferred.push(deferred);
  return openCouncil(call, opening, priceClass);
};
