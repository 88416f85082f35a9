/** An amount to reserve, and the least of it that is of use. Pico-dollars. */
export interface Reserve {
  readonly picoUsd: bigint;
  readonly leastPicoUsd: bigint;
}

const larger = (left: bigint, right: bigint): bigint => (left > right ? left : right);
const smaller = (left: bigint, right: bigint): bigint => (left < right ? left : right);

/** What one write reserves, and how much has to be left under the cap for it. Pico-dollars. */
export interface Grant {
  readonly amount: bigint;
  readonly needed: bigint;
}

/**
 * The parts of what is left that a request tries to get, one after the other, while others take theirs in between. The last is
 * the least that is of use, and is refused only where that is not there.
 */
export const grantShares = [2n, 2n, 2n, 8n, "least"] as const;

/**
 * How much of what is left a request gets: all that it asks for where that is at most its share, else its share, but not less
 * than is of use to it. As much again stays for others where there is enough. Undefined where even the least is not there.
 */
export const grantOf = (
  { picoUsd, leastPicoUsd }: Reserve,
  leftPicoUsd: bigint,
  share: (typeof grantShares)[number],
): Grant | undefined => {
  if (leastPicoUsd > leftPicoUsd) return undefined;
  if (share === "least") return { amount: leastPicoUsd, needed: leastPicoUsd };
  const amount = larger(leastPicoUsd, smaller(picoUsd, leftPicoUsd / share));
  return { amount, needed: smaller(leftPicoUsd, 2n * amount) };
};

/**
 * The first try, before it is known what is left: the whole amount, and how much has to be left for that. What is of no use
 * in part needs no second half.
 */
export const firstTry = ({ picoUsd, leastPicoUsd }: Reserve): Grant => ({
  amount: picoUsd,
  needed: picoUsd === leastPicoUsd ? picoUsd : 2n * picoUsd,
});
