/** The value below which a share of all values lies, by the nearest rank. NaN of nothing. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** A figure over several rounds: the middle one, and how far they lie apart. */
export interface Figure {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export const toFigure = (rounds: readonly number[]): Figure => ({
  median: median(rounds),
  lowest: Math.min(...rounds),
  highest: Math.max(...rounds),
});
