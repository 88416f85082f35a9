/** The structured output of a vote: a ranking of exactly these labels, and a reason. */
export const voteFormat = (labels: readonly string[]) => ({
  type: "json_schema" as const,
  json_schema: {
    name: "vote",
    strict: true,
    schema: {
      type: "object",
      properties: {
        ranking: {
          type: "array",
          items: { type: "string", enum: labels },
          minItems: labels.length,
          maxItems: labels.length,
        },
        reason: { type: "string" },
      },
      required: ["ranking", "reason"],
      additionalProperties: false,
    },
  },
});
