import { ratedAlias } from "#core/catalog/auto.ts";
import { ratingsKey } from "#core/db/row-keys.ts";
import { getItem } from "#core/db/table.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import type { RatedChoice } from "./rated-choice.ts";

/** A choice of model does not wait longer for ratings, ms. */
const patienceMs = 1_000;

/**
 * The caller with their ratings, where a request names `auto:rated`: one read more, before the models are known. Ratings that
 * cannot be read decide nothing: the request is served all the same. What a chat has loaded anyway reads the row; what weighs
 * it is loaded here, and needs nothing of that.
 */
export const ratedCaller = async <Asking extends { readonly principal: { readonly userId: string } }>(
  caller: Asking,
  names: readonly string[],
  nowMs: number,
): Promise<Asking & { readonly rated?: RatedChoice }> => {
  if (!names.includes(ratedAlias)) return caller;
  const { choiceOf, unread } = await import("./rated-choice.ts");
  let rated = unread;
  try {
    const signal = AbortSignal.timeout(patienceMs);
    rated = choiceOf(await getItem("rollups", ratingsKey(caller.principal.userId), { signal }), nowMs);
  } catch (error) {
    logger.warn("Ratings could not be read", { error: loggableError(error) });
  }
  return { ...caller, rated };
};
