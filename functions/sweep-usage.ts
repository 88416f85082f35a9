import { backgroundHandler } from "#core/http/background-handler.ts";
import { sweepAbandoned } from "#core/usage/sweep.ts";

/** Every minute: settles what killed functions left open. */
export const handler = backgroundHandler("SweepUsage", async () => ({ settled: await sweepAbandoned(Date.now()) }));
