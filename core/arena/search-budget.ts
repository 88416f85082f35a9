/** Searches of one request, over all its agents and rounds. */
const maxSearchesPerRun = 24;

/** How many searches a run may still make. */
export class SearchBudget {
  #left = maxSearchesPerRun;

  get left(): number {
    return this.#left;
  }

  /** Takes one; false when none is left. */
  take(): boolean {
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}
