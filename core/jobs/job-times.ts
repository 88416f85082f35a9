/** How long a job may take, ms: after that it counts as failed, whatever its provider says. */
export const maxJobMs = 2 * 3_600_000;

/** How long a job's usage row may stay open, ms: nothing else settles it before. */
export const jobOpenMs = maxJobMs + 3_600_000;

/** How long a job and its result are kept, ms. */
export const keepJobMs = 7 * 86_400_000;
