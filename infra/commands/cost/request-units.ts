/**
 * What one request takes of DynamoDB and writes to logs, counted in the code. Each line names where it happens. A unit of
 * writing is 1 KB of a row, a unit of reading 4 KB read consistently; half of one when not.
 */

export interface CountedUnits {
  readonly what: string;
  readonly units: number;
}

export interface RequestShape {
  readonly outputTokens: number;
  /** How long the provider takes, s. */
  readonly seconds: number;
  /** Requests of the same user that are open when one begins: each is a lease in the admission row. */
  readonly openRequests: number;
  /** Share of requests that look into the cache, and of those the share that finds an answer. */
  readonly cached: number;
  readonly cacheHits: number;
}

/** Of a stored answer: a stream of 500 chunks made a row of 4,229 bytes, measured with simulated text. Real text compresses less. */
const answerRowBytes = (outputTokens: number): number => 700 + outputTokens * 12;
const kilobyte = 1_024;
/** `core/generation/request-scope.ts` looks for the cancel flag every 2 s once a request is that old. */
const cancelLookupSeconds = 2;

/** The row of a user without open requests, and each lease in it: a row with 20 leases has about 2 KB. */
const admissionRowBytes = 150;
const leaseBytes = 95;
const admissionUnits = (leases: number): number =>
  Math.max(1, Math.ceil((admissionRowBytes + leases * leaseBytes) / kilobyte));

/** Units of writing a request, on average. */
export const writeUnits = ({
  outputTokens,
  openRequests,
  cached,
  cacheHits,
}: RequestShape): readonly CountedUnits[] => {
  const misses = cached * (1 - cacheHits);
  // A write is paid by the larger of the row before and after it.
  const admission = admissionUnits(openRequests + 1);
  return [
    { what: "admission: the lease is taken (core/db/admission.ts)", units: admission },
    { what: "admission: the lease is given back", units: admission },
    { what: "usage: the open row (core/db/usage-events.ts)", units: 1 },
    { what: "usage: its entry in the index of open rows", units: 1 },
    { what: "usage: the settled row, 0.6 KB", units: 1 },
    { what: "usage: the index entry moves from open rows to its key or the errors (decision 0010)", units: 2 },
    { what: "rollup: the event's mark, in a transaction (core/db/rollups.ts)", units: 2 },
    { what: "rollup: the daily sum, at worst one for each event", units: 2 },
    { what: "cache: the lock (core/db/cached-answers.ts)", units: cached },
    { what: "cache: the answer", units: misses * Math.ceil(answerRowBytes(outputTokens) / kilobyte) },
    { what: "cache: the lock's end", units: misses },
  ];
};

/** Units of reading a request, on average. */
export const readUnits = ({ seconds, cached, outputTokens, cacheHits }: RequestShape): readonly CountedUnits[] => [
  { what: "the key's mark, consistent (core/db/key-marks.ts)", units: 1 },
  // Not of a user who has none, from the second request in an environment (decision 0022).
  { what: "the caller's provider keys, consistent (core/db/query-provider-keys.ts)", units: 1 },
  {
    what: "the cache",
    units:
      cached * (0.5 * (1 - cacheHits) + 0.5 * cacheHits * Math.ceil(answerRowBytes(outputTokens) / (4 * kilobyte))),
  },
  {
    what: "the cancel flag, consistent, every 2 s (core/generation/request-scope.ts)",
    units: Math.floor(seconds / cancelLookupSeconds),
  },
];

export const sumOf = (counted: readonly CountedUnits[]): number => counted.reduce((sum, { units }) => sum + units, 0);

/** Bytes of log of one request. The first two were measured over 2,000 lines of `npm start`, the others are estimates. */
export const logBytes = {
  canonicalLine: 860,
  metricBlob: 800,
  platformLines: 700,
  accessLogLine: 750,
  /** What CloudWatch adds to each event. */
  overheadOfEvents: 5 * 26,
} as const;

/** Bytes that a request keeps in tables for months: its usage row, and its rollup mark; 100 each are DynamoDB's own. */
export const keptBytes = [
  { what: "usage row", bytes: 624 + 100, days: 400 },
  { what: "rollup mark", bytes: 118 + 100, days: 60 },
] as const;

/** Bytes that a token of a stream takes on the wire: a stream of 500 chunks was 151,819 bytes long. */
export const streamedBytesOfToken = 304;
/** Bytes of a prompt's token, in English text. */
export const promptBytesOfToken = 4.5;
/** Headers, TLS and the frame around an answer or a question. */
export const bytesAroundMessage = 2_000;
