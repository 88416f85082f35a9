import { DependencyError } from "#core/errors.ts";

/** How the writes at the end of a request are made: nobody waits for them, and what they lose is money or a place. */

/** At most, beside the tries of each call itself, ms. A throttled partition or a failover is over in about this time. */
const pausesMs = [250, 500, 1_000] as const;
/** Once so much has passed nothing is tried again: the sweeper settles what is left, ms. */
const patienceMs = 3_000;

/** Makes a write that may be made twice, again after passing faults for a few seconds. @throws what the last try threw */
export const patiently = async <Result>(write: () => Promise<Result>): Promise<Result> => {
  const startedAt = performance.now();
  for (const pauseMs of pausesMs) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof DependencyError) || !error.passing) throw error;
      if (performance.now() - startedAt + pauseMs > patienceMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs / 2 + (Math.random() * pauseMs) / 2));
    }
  }
  return write();
};

/** As `Promise.all`, but rejects only once all have ended: what goes on after a function returned is cut off half way. */
export const allEnded = async <Results extends readonly unknown[]>(
  work: {
    readonly [Index in keyof Results]: Results[Index] | Promise<Results[Index]>;
  },
): Promise<Results> => {
  await Promise.allSettled(work);
  return (await Promise.all(work)) as unknown as Results;
};
