import * as z from "zod";

/** Votes on arena runs, and the leaderboard. */

export const voteBodySchema = z.strictObject({
  winner: z
    .string()
    .min(1)
    .max(20)
    .describe("The agent whose answer is better, such as `agent-1`, or `tie`: none is better"),
});

export const leaderboardQueryFields = {
  scope: z
    .enum(["account", "stage"])
    .default("account")
    .describe("`account`: your own votes; `stage`: people's votes of everyone who shares theirs"),
  by: z
    .enum(["all", "people", "models"])
    .default("all")
    .describe("Whose votes count: people's, those of the models in fights, or both. A stage has people's only"),
};

export const leaderboardQuerySchema = z.strictObject(leaderboardQueryFields);

export const leaderboardPatchSchema = z.strictObject({
  share: z.boolean().describe("Whether your votes on models of the catalogue count in the stage's leaderboard"),
});
