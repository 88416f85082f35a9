import * as fc from "fast-check";

/**
 * fast-check, as every property here uses it. `npm test` runs each property from one fixed seed: the same code gives
 * the same answer on every machine, so that a red run is the change's doing. `npm run fuzz` takes a new seed and tries
 * FUZZ_TIMES as much; what it finds becomes a fixed example or a corrected property.
 */
const fuzzTimes = Number(process.env.FUZZ_TIMES ?? 0);

/** Runs of a property: as many as the test asks for, or a multiple when fuzzing. */
export const runs = (count: number): number => count * Math.max(1, fuzzTimes);

/** Longest time of a test with so many runs, ms, where it is not the suite's own. */
export const longestMs = (ms: number): number => ms * Math.max(1, fuzzTimes);

fc.configureGlobal({ numRuns: runs(100), ...(fuzzTimes > 0 ? {} : { seed: 20_261_126 }) });

export { fc };
