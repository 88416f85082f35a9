import { type KeyLimits, playgroundKeyId } from "./key-limits.ts";

/** The limits of what the dashboard's own pages call: a budget of a UTC day, which is a part of the user's cap. */
export const playgroundLimits = (picoUsd: bigint) =>
  ({
    id: playgroundKeyId,
    budget: { id: playgroundKeyId, picoUsd, period: "day", includeByok: false },
  }) as const satisfies KeyLimits;
