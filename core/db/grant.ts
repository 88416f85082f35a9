/** An amount to reserve, and the least of it that is of use. Pico-dollars. */
export interface Reserve {
  readonly picoUsd: bigint;
  readonly leastPicoUsd: bigint;
}

const larger = (left: bigint, right: bigint): bigint => (left > right ? left : right);
const smaller = (left: bigint, right: bigint): bigint => (left < right ? left : right);

/**
 * How much of what is left a request gets: all that it asks for where that is at most half of it, else half, so that others
 * run too; but not less than is of use to it. Undefined where even that is not there.
 */
export const grantOf = ({ picoUsd, leastPicoUsd }: Reserve, leftPicoUsd: bigint): bigint | undefined => {
  const granted = larger(leastPicoUsd, smaller(picoUsd, leftPicoUsd / 2n));
  return granted <= leftPicoUsd ? granted : undefined;
};

/**
 * The first try, before it is known what is left: the whole amount, and how much has to be left for that. What is of no use
 * in part needs no second half.
 */
export const firstTry = ({ picoUsd, leastPicoUsd }: Reserve): { readonly amount: bigint; readonly needed: bigint } => ({
  amount: picoUsd,
  needed: picoUsd === leastPicoUsd ? picoUsd : 2n * picoUsd,
});
