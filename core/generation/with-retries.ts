import { DependencyError } from "#core/errors.ts";

/** How the writes at the end of a request are made. Nobody waits for them, and a lost one loses money or a lease. */

/** Pauses between attempts, in addition to the retries of each call, ms. They outlast a throttled partition or a failover. */
const pausesMs = [250, 500, 1_000] as const;
/** After this time nothing is tried again: the sweeper settles what is left, ms. */
const maxRetryMs = 3_000;

/** Makes an idempotent write, and repeats it after transient faults for a few seconds. @throws what the last attempt threw */
export const withRetries = async <Result>(write: () => Promise<Result>): Promise<Result> => {
  const startedAt = performance.now();
  for (const pauseMs of pausesMs) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof DependencyError) || !error.transient) throw error;
      if (performance.now() - startedAt + pauseMs > maxRetryMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs / 2 + (Math.random() * pauseMs) / 2));
    }
  }
  return write();
};

/** Like `Promise.all`, but rejects only once all work has ended: Lambda freezes whatever still runs when a function returns. */
export const allEnded = async <Results extends readonly unknown[]>(
  work: {
    readonly [Index in keyof Results]: Results[Index] | Promise<Results[Index]>;
  },
): Promise<Results> => {
  await Promise.allSettled(work);
  return (await Promise.all(work)) as unknown as Results;
};
