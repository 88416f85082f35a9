/** The order in which balanced targets are tried: pure decisions over what is known of them. */

export type Strategy = "weighted" | "round_robin" | "latency" | "cost";

export interface Candidate<Value> {
  readonly value: Value;
  readonly weight: number;
  /** Moving average, ms; undefined when it was never tried: tried first, so that it becomes known. */
  readonly latencyMs: number | undefined;
  /** Micro-dollars for this request's size; undefined for an unknown price: last. */
  readonly cost: number | undefined;
}

const weighted = <Value>(candidates: readonly Candidate<Value>[], random: () => number): Candidate<Value>[] => {
  const left = [...candidates];
  const order: Candidate<Value>[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    // Without any weight left the rest keeps its order.
    const point = random() * total;
    let sum = 0;
    const index = left.findIndex(({ weight }) => {
      sum += weight;
      return point < sum;
    });
    order.push(...left.splice(Math.max(0, index), 1));
  }
  return order;
};

const rotated = <Value>(candidates: readonly Candidate<Value>[], turn: number): Candidate<Value>[] => {
  const start = turn % candidates.length;
  return [...candidates.slice(start), ...candidates.slice(0, start)];
};

const ascending = <Value>(
  candidates: readonly Candidate<Value>[],
  measure: (candidate: Candidate<Value>) => number,
): Candidate<Value>[] => [...candidates].sort((left, right) => measure(left) - measure(right));

/** Candidates in the order of a strategy. `turn` counts requests for round robin. */
export const balance = <Value>(
  strategy: Strategy,
  candidates: readonly Candidate<Value>[],
  { turn, random }: { readonly turn: number; readonly random: () => number },
): readonly Value[] => {
  const order = {
    weighted: () => weighted(candidates, random),
    round_robin: () => rotated(candidates, turn),
    latency: () => ascending(candidates, ({ latencyMs }) => latencyMs ?? -1),
    cost: () => ascending(candidates, ({ cost }) => cost ?? Number.POSITIVE_INFINITY),
  }[strategy]();
  return order.map(({ value }) => value);
};
