/**
 * What one environment has seen of each target lately: how fast it begins to answer, and whether it fails. An environment
 * serves one request at a time, so this is a sample of the traffic; it costs no call and no write.
 */

interface Stats {
  /** Moving average until the first content, ms. */
  latencyMs: number | undefined;
  /** Moving average of output tokens a second, over whole answers. */
  throughput: number | undefined;
  /** Passing failures in a row. */
  failures: number;
  /** Unix ms of the last failure of any kind; 0 after a success. */
  failedAt: number;
  /** Unix ms until which the target rests. */
  restsUntil: number;
}

const maxTargets = 500;
const smoothing = 0.3;
/** Failures in a row after which a target rests. */
const failuresToRest = 5;
/** How long it rests before one request tries it again, ms. */
export const restMs = 30_000;

const known = new Map<string, Stats>();

const statsOf = (name: string): Stats => {
  let stats = known.get(name);
  if (stats === undefined) {
    const oldest = known.size >= maxTargets ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
    stats = { latencyMs: undefined, throughput: undefined, failures: 0, failedAt: 0, restsUntil: 0 };
    known.set(name, stats);
  }
  return stats;
};

/** Name of a target: a caller's own provider key fails, and is slow, for itself, never for others. */
export const targetName = (modelId: string, byokOwner: string | undefined): string =>
  byokOwner === undefined ? modelId : `${modelId}/${byokOwner}`;

export const noteSuccess = (name: string, latencyMs: number): void => {
  const stats = statsOf(name);
  stats.failures = 0;
  stats.failedAt = 0;
  stats.restsUntil = 0;
  stats.latencyMs =
    stats.latencyMs === undefined ? latencyMs : stats.latencyMs + smoothing * (latencyMs - stats.latencyMs);
};

/** Notes how fast an answer came, from its request to its end: output tokens a second. */
export const noteThroughput = (name: string, tokensPerSecond: number): void => {
  const stats = statsOf(name);
  stats.throughput =
    stats.throughput === undefined
      ? tokensPerSecond
      : stats.throughput + smoothing * (tokensPerSecond - stats.throughput);
};

/** Moving average of output tokens a second; undefined for a target that has answered nothing yet. */
export const throughputOf = (name: string): number | undefined => known.get(name)?.throughput;

/** Notes a failure. The fifth passing one in a row, or one after a rest, sends the target to rest. */
export const noteFailure = (name: string, nowMs: number, transient: boolean): void => {
  const stats = statsOf(name);
  stats.failedAt = nowMs;
  if (!transient) return;
  stats.failures += 1;
  if (stats.failures >= failuresToRest) stats.restsUntil = nowMs + restMs;
};

/** Whether a target rests. After its rest one failure is enough to send it back, one success frees it. */
export const isResting = (name: string, nowMs: number): boolean => (known.get(name)?.restsUntil ?? 0) > nowMs;

/**
 * Moving average until the first content, ms. Undefined for a target not tried yet; infinite for one that has only failed,
 * until it may be tried again: an unknown target goes first, and one whose key is refused must not do so every time.
 */
export const latencyOf = (name: string, nowMs: number): number | undefined => {
  const stats = known.get(name);
  if (stats === undefined || stats.latencyMs !== undefined) return stats?.latencyMs;
  return stats.failedAt + restMs > nowMs ? Number.POSITIVE_INFINITY : undefined;
};

/** Forgets everything. For tests. */
export const forgetTargets = (): void => known.clear();
