import { describe, expect, it } from "vitest";
import { bucketOf, type Histogram, percentile } from "#core/values/latency-histogram.ts";
import { fc, runs } from "#tests/support/property.ts";

const histogramOf = (latencies: readonly number[]): Record<number, number> => {
  const histogram: Record<number, number> = {};
  for (const latency of latencies) {
    const bucket = bucketOf(latency);
    histogram[bucket] = (histogram[bucket] ?? 0) + 1;
  }
  return histogram;
};
const merged = (left: Histogram, right: Histogram): Record<number, number> => {
  const sum: Record<number, number> = { ...left };
  for (const [bucket, count] of Object.entries(right)) sum[Number(bucket)] = (sum[Number(bucket)] ?? 0) + count;
  return sum;
};
/** The smallest latency that at least this share of all do not exceed. */
const exact = (latencies: readonly number[], share: number): number =>
  latencies.toSorted((left, right) => left - right)[Math.ceil(latencies.length * share) - 1] ?? Number.NaN;

const latencies = fc.array(fc.integer({ min: 10, max: 900_000 }), { minLength: 1, maxLength: 200 });

describe("the latency histogram", () => {
  it.each([0.5, 0.95])("tells the %d percentile within 12.5 % of the true one", (share) => {
    fc.assert(
      fc.property(latencies, (values) => {
        const told = percentile(histogramOf(values), share) ?? Number.NaN;
        const truth = exact(values, share);
        // Half a millisecond for the rounding of short ones.
        expect(Math.abs(told - truth)).toBeLessThanOrEqual(truth * 0.125 + 0.5);
      }),
      { numRuns: runs(300) },
    );
  });

  it("adds up: two merged histograms are the histogram of both", () => {
    fc.assert(
      fc.property(latencies, latencies, (left, right) => {
        expect(merged(histogramOf(left), histogramOf(right))).toEqual(histogramOf([...left, ...right]));
      }),
    );
  });

  it("has a bounded number of buckets, whatever the latency", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: Number.MAX_VALUE, noNaN: true }), (latency) => {
        const bucket = bucketOf(latency);
        expect(Number.isInteger(bucket) && bucket >= 0 && bucket <= 60).toBe(true);
      }),
    );
    expect(bucketOf(0)).toBe(0);
    expect(bucketOf(Number.POSITIVE_INFINITY)).toBe(60);
  });

  it.each([
    [9, 0],
    [10, 0],
    [10.1, 1],
    [12.4, 1],
    [12.6, 2],
    [800, 20],
  ])("has buckets that stored rows depend on: %d ms is in %d", (latencyMs, bucket) => {
    expect(bucketOf(latencyMs)).toBe(bucket);
  });

  it("tells the middle of the first bucket that reaches the share, whatever order they were counted in", () => {
    const histogram = { 20: 1, 3: 2, 10: 1 };
    expect([0, 0.5, 0.51, 0.75, 0.76, 1].map((share) => percentile(histogram, share))).toEqual([
      17, 17, 83, 83, 776, 776,
    ]);
  });

  it("never sorts a longer latency into an earlier bucket", () => {
    fc.assert(
      fc.property(fc.nat({ max: 5_000_000 }), fc.nat({ max: 5_000_000 }), (left, right) => {
        if (left <= right) expect(bucketOf(left)).toBeLessThanOrEqual(bucketOf(right));
      }),
    );
  });

  it("tells no percentile of nothing", () => {
    expect(percentile({}, 0.5)).toBeNull();
    expect(percentile({ 3: 0 }, 0.95)).toBeNull();
  });
});
