/** What a vote says of each pair of models. */

/** One model was preferred to another, with a weight in thousandths of a vote. */
export interface Outcome {
  readonly winner: string;
  readonly loser: string;
  readonly milli: number;
}

const wholeVote = 1_000;

const distinct = (outcomes: readonly Outcome[]): readonly Outcome[] =>
  // A model that answered twice cannot be better than itself.
  outcomes.filter(({ winner, loser, milli }) => winner !== loser && milli > 0);

/**
 * A choice of one answer out of n: the winner beats each other one, with the weight 2/n. For two answers that is one game.
 * For more, n-1 full games would claim too much: they are one choice. With 2/n the Fisher information of the games is that of
 * the choice itself, where the models are about equally strong (decision 0013).
 */
export const choiceOutcomes = (models: readonly string[], winner: string, share = 1): readonly Outcome[] => {
  const milli = Math.round((share * wholeVote * 2) / models.length);
  return distinct(models.map((loser) => ({ winner, loser, milli })));
};

/** No answer is better: what a choice counts, shared out evenly. */
export const tieOutcomes = (models: readonly string[]): readonly Outcome[] => {
  const milli = Math.round((wholeVote * 2) / models.length ** 2);
  return distinct(models.flatMap((winner) => models.map((loser) => ({ winner, loser, milli }))));
};

/**
 * The votes of a fight's models. Each chose one out of the answers on its ballot, never its own. All of them judged the same
 * answers, so together they count as one vote. A ballot with one answer on it was no choice.
 * @param ballots the models on each ballot, best first.
 */
export const panelOutcomes = (ballots: readonly (readonly string[])[]): readonly Outcome[] => {
  const choices = ballots.filter(({ length }) => length >= 2);
  return choices.flatMap((ranking) => choiceOutcomes(ranking, ranking[0] ?? "", 1 / choices.length));
};
