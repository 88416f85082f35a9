/**
 * The Bradley-Terry model: the chance that i beats j is p_i / (p_i + p_j). Fitted to sums of wins by the MM algorithm
 * (Hunter, "MM algorithms for generalized Bradley-Terry models", Annals of Statistics 32, 2004), with Newton's steps where
 * they gain more. Intervals come from the Fisher information at the fit.
 */

/** A fitted strength. */
export interface Rating {
  /** ln p, less the mean over all that are rated. */
  readonly strength: number;
  /** Of `strength`. */
  readonly standardError: number;
}

type Matrix = readonly (readonly number[])[];

/**
 * Every model is also taken to have won and lost half a game against a player of strength 0. That keeps strengths finite
 * where one has won or lost all its games, and ties groups that never met, loosely. It outweighs nobody's votes.
 */
const priorWins = 0.5;

const maxSteps = 200;
/** Change of a strength at which the fit has settled: a point of the scale is a thousand times as much. */
const settled = 5e-6;

const logistic = (difference: number): number => 1 / (1 + Math.exp(-difference));
/** ln(1 + e^x) without overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

const at = (matrix: Matrix, row: number, column: number): number => matrix[row]?.[column] ?? 0;

const logPosterior = (wins: Matrix, theta: readonly number[]): number => {
  let sum = 0;
  for (const [i, mine] of theta.entries()) {
    sum -= priorWins * (softplus(-mine) + softplus(mine));
    for (const [j, theirs] of theta.entries()) {
      const won = at(wins, i, j);
      if (won > 0) sum -= won * softplus(theirs - mine);
    }
  }
  return sum;
};

/** One step of the MM algorithm: never worse than before. */
const mmStep = (wins: Matrix, theta: readonly number[]): readonly number[] =>
  theta.map((mine, i) => {
    const own = Math.exp(mine);
    let won = priorWins;
    let met = (2 * priorWins) / (own + 1);
    for (const [j, theirs] of theta.entries()) {
      if (j === i) continue;
      won += at(wins, i, j);
      const games = at(wins, i, j) + at(wins, j, i);
      if (games > 0) met += games / (own + Math.exp(theirs));
    }
    return Math.log(won / met);
  });

/** The Fisher information: minus the second derivatives of the log posterior. Positive definite by the prior. */
const informationAt = (wins: Matrix, theta: readonly number[]): number[][] => {
  const information = theta.map(() => theta.map(() => 0));
  const add = (row: number, column: number, amount: number): void => {
    const line = information[row];
    if (line !== undefined) line[column] = (line[column] ?? 0) + amount;
  };
  for (const [i, mine] of theta.entries()) {
    const even = logistic(mine);
    add(i, i, 2 * priorWins * even * (1 - even));
    for (const [j, theirs] of theta.entries()) {
      if (j <= i) continue;
      const chance = logistic(mine - theirs);
      const weight = (at(wins, i, j) + at(wins, j, i)) * chance * (1 - chance);
      add(i, i, weight);
      add(j, j, weight);
      add(i, j, -weight);
      add(j, i, -weight);
    }
  }
  return information;
};

const gradientAt = (wins: Matrix, theta: readonly number[]): readonly number[] =>
  theta.map((mine, i) => {
    let slope = priorWins - 2 * priorWins * logistic(mine);
    for (const [j, theirs] of theta.entries()) {
      slope += at(wins, i, j) * logistic(theirs - mine) - at(wins, j, i) * logistic(mine - theirs);
    }
    return slope;
  });

/** The lower triangle L of a symmetric positive definite matrix L Lᵀ (Cholesky). */
const triangleOf = (matrix: Matrix): number[][] => {
  const triangle: number[][] = [];
  for (const [i, row] of matrix.entries()) {
    const mine: number[] = [];
    for (let j = 0; j <= i; j++) {
      const other = j === i ? mine : (triangle[j] ?? []);
      let sum = row[j] ?? 0;
      for (let k = 0; k < j; k++) sum -= (mine[k] ?? 0) * (other[k] ?? 0);
      mine.push(j === i ? Math.sqrt(sum) : sum / (other[j] ?? 1));
    }
    triangle.push(mine);
  }
  return triangle;
};

/** x of L Lᵀ x = y. */
const solve = (triangle: readonly (readonly number[])[], right: readonly number[]): number[] => {
  const x = [...right];
  for (const [i, row] of triangle.entries()) {
    let sum = x[i] ?? 0;
    for (let k = 0; k < i; k++) sum -= (row[k] ?? 0) * (x[k] ?? 0);
    x[i] = sum / (row[i] ?? 1);
  }
  for (let i = triangle.length - 1; i >= 0; i--) {
    let sum = x[i] ?? 0;
    for (let k = i + 1; k < triangle.length; k++) sum -= at(triangle, k, i) * (x[k] ?? 0);
    x[i] = sum / at(triangle, i, i);
  }
  return x;
};

/** The inverse of a symmetric positive definite matrix. */
const inverse = (matrix: Matrix): number[][] => {
  const triangle = triangleOf(matrix);
  return matrix.map((_, i) =>
    solve(
      triangle,
      matrix.map((__, j) => (i === j ? 1 : 0)),
    ),
  );
};

/** Where Newton's method leads from here. */
const newtonDirection = (wins: Matrix, theta: readonly number[]): readonly number[] =>
  solve(triangleOf(informationAt(wins, theta)), gradientAt(wins, theta));

const maxHalvings = 20;

/** The better of an MM step and a step of Newton's, halved until it is no overshoot. */
const nextOf = (wins: Matrix, theta: readonly number[]): readonly number[] => {
  const safe = mmStep(wins, theta);
  const reached = logPosterior(wins, safe);
  const direction = newtonDirection(wins, theta);
  for (let halvings = 0, part = 1; halvings < maxHalvings; halvings++, part /= 2) {
    const fast = theta.map((value, i) => value + part * (direction[i] ?? 0));
    // False with NaN as well: a step out of bounds is not taken.
    if (logPosterior(wins, fast) >= reached) return fast;
  }
  return safe;
};

const fittedTo = (wins: Matrix): readonly number[] => {
  let theta: readonly number[] = wins.map(() => 0);
  for (let step = 0; step < maxSteps; step++) {
    const next = nextOf(wins, theta);
    const change = next.reduce((most, value, i) => Math.max(most, Math.abs(value - (theta[i] ?? 0))), 0);
    theta = next;
    if (change < settled) break;
  }
  return theta;
};

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** @param wins `wins[i][j]`: how often i was preferred to j; fractions count as such. Square, finite, not negative. */
export const rate = (wins: Matrix): readonly Rating[] => {
  if (wins.length === 0) return [];
  const theta = fittedTo(wins);
  const covariance = inverse(informationAt(wins, theta));
  const centre = mean(theta);
  const rowMeans = covariance.map(mean);
  const wholeMean = mean(rowMeans);
  return theta.map((value, i) => ({
    strength: value - centre,
    // Of the difference to the mean, which is what is shown: how far all are off together says nothing.
    standardError: Math.sqrt(Math.max(0, at(covariance, i, i) - 2 * (rowMeans[i] ?? 0) + wholeMean)),
  }));
};

/** Points of an Elo-like scale: 400 points are odds of 10 to 1, and the mean is 1,000. */
const pointsPerUnit = 400 / Math.LN10;
const meanPoints = 1_000;
/** Of a normal distribution: 95 % lie within so many standard errors. */
const z95 = 1.959_964;

export interface Points {
  readonly rating: number;
  /** The interval that holds the true rating with a chance of 95 %. */
  readonly low: number;
  readonly high: number;
}

export const toPoints = ({ strength, standardError }: Rating): Points => ({
  rating: Math.round(meanPoints + strength * pointsPerUnit),
  low: Math.round(meanPoints + (strength - z95 * standardError) * pointsPerUnit),
  high: Math.round(meanPoints + (strength + z95 * standardError) * pointsPerUnit),
});
