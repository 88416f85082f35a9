/** Every value of `reasoning_effort`, weakest first. */
const scale = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/**
 * The effort nearest to the wanted one among those that a model takes: the next stronger one, or else the strongest.
 * Undefined for a word that is no effort, or a model without any.
 */
export const nearestEffort = (wanted: string, taken: readonly string[]): string | undefined => {
  const rank = scale.indexOf(wanted);
  if (rank < 0) return undefined;
  return taken.find((effort) => scale.indexOf(effort) >= rank) ?? taken.at(-1);
};
