/**
 * Latencies as counts in buckets that grow by a quarter each, so that days and keys add up and a percentile can be read
 * from the sum: within 12.5 % of the true one.
 */

const smallestMs = 10;
const growth = 1.25;
const lastBucket = 60;

/** Bucket counts by index. */
export type Histogram = Readonly<Record<number, number>>;

/** The bucket of a latency. */
export const bucketOf = (latencyMs: number): number =>
  latencyMs <= smallestMs ? 0 : Math.min(lastBucket, Math.ceil(Math.log(latencyMs / smallestMs) / Math.log(growth)));

/** A latency that stands for a bucket, ms: its geometric middle. */
const middleOf = (bucket: number): number => Math.round(smallestMs * growth ** (bucket - 0.5));

/** A percentile between 0 and 1, ms; null without any count. */
export const percentile = (histogram: Histogram, share: number): number | null => {
  // In ascending order: an object keeps its integer keys so.
  const buckets = Object.entries(histogram).map(([bucket, count]) => ({ bucket: Number(bucket), count }));
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return null;
  let seen = 0;
  for (const { bucket, count } of buckets) {
    seen += count;
    if (seen >= total * share) return middleOf(bucket);
  }
  return null;
};
