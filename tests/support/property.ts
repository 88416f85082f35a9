import * as fc from "fast-check";

/**
 * fast-check, as every property here uses it. `npm test` runs each property from one fixed seed: the same code gives
 * the same answer on every machine, so that a red run is the change's doing. `npm run fuzz` takes a new seed and goes on
 * as long as FUZZ_SECONDS says for each property; what it finds becomes a fixed example or a corrected property.
 */
const fuzzSeconds = Number(process.env.FUZZ_SECONDS ?? 0);

/** Runs of a property: as many as the test asks for, or until its time is over when fuzzing. */
export const runs = (count: number): number => (fuzzSeconds > 0 ? 1_000_000 : count);

fc.configureGlobal({
  numRuns: runs(100),
  ...(fuzzSeconds > 0 ? { interruptAfterTimeLimit: fuzzSeconds * 1_000 } : { seed: 20_261_126 }),
});

export { fc };
