import * as z from "zod";
import { errorAnswer } from "./answers.ts";
import { arenaCostUsd, arenaUsage, citationSchema } from "./arena-events.ts";

/** The typed events of a council's stream, in the arena's format: `event: <name>` and one line of JSON. */

const draftId = z.string().describe("`draft-1` to `draft-8`, in the order of `models`");
const label = z.string().describe("The letter under which the judge saw the draft");
const labels = z.array(label);
const spentUsd = arenaCostUsd.describe("USD that the run has cost so far; null if no price is known");
const error = errorAnswer.shape.error;
const points = z.array(z.strictObject({ point: z.string(), drafts: labels }));

const event = <Shape extends z.ZodRawShape>(id: string, shape: Shape) => z.strictObject(shape).meta({ id });

export const councilAnalysis = z
  .strictObject({
    consensus: z.array(z.string()),
    contradictions: z.array(
      z.strictObject({ point: z.string(), positions: z.array(z.strictObject({ claim: z.string(), drafts: labels })) }),
    ),
    partialCoverage: points,
    uniqueInsights: points,
    blindSpots: z.array(z.string()),
  })
  .meta({ id: "CouncilAnalysis" });

export const councilJudge = z.strictObject({
  model: z.string(),
  modelUsed: z.string().nullable().describe("The model that answered; null if the judge was not asked"),
  independent: z.boolean().describe("Whether the judge's family is not on the panel"),
});

export const decidedBy = z
  .enum(["agreement", "majority", "plurality", "judge", "overlap", "single"])
  .describe("What decided on which drafts the answer rests");

export const councilWarnings = z
  .array(
    z.enum([
      "single_draft",
      "comparison_failed",
      "judge_failed",
      "judge_family_on_panel",
      "answer_failed",
      "cost_limit",
    ]),
  )
  .describe("What went another way than planned");

const draft = {
  draftId,
  model: z.string(),
  modelUsed: z.string().describe("The model that answered; differs from `model` for an alias or `auto`"),
  content: z.string(),
  finishReason: z.string(),
  citations: z.array(citationSchema),
  usage: arenaUsage,
  costUsd: arenaCostUsd,
  latencyMs: z.int(),
};

const agreementShape = {
  agreement: z.number().min(0).max(1).describe("Pairs of drafts that say the same, of all pairs"),
  groups: z.array(labels).describe("Drafts that say the same, the largest group first"),
};

export const councilDraft = z.strictObject({
  draftId,
  label: label.nullable().describe("Null for a draft that failed"),
  model: z.string(),
  modelUsed: z.string().nullable(),
  content: z.string().nullable(),
  finishReason: z.string().nullable(),
  citations: z.array(citationSchema),
  usage: arenaUsage.nullable(),
  costUsd: arenaCostUsd,
  latencyMs: z.int().nullable(),
  error: error.nullable(),
});

export const councilReport = z
  .strictObject({
    drafts: z.array(councilDraft),
    analysis: councilAnalysis.nullable().describe("Null where the drafts agreed, or the judge could not be asked"),
    ...agreementShape,
    basis: labels.describe("The drafts on which the answer rests"),
    decidedBy,
    judge: councilJudge,
    costUsd: arenaCostUsd,
    savedUsd: arenaCostUsd.describe(
      "An estimate of what analysis and answer would have cost, where agreement saved them",
    ),
    warnings: councilWarnings,
  })
  .meta({ id: "CouncilReport" });

export const councilEventSchemas = {
  "run.start": event("CouncilRunStart", {
    runId: z.string(),
    mode: z.literal("council"),
    drafts: z.array(z.strictObject({ draftId, model: z.string() })),
    judge: z.string(),
    costBoundUsd: z.number().describe("The most that the planned calls cost at list prices, USD"),
  }),
  "draft.started": event("CouncilDraftStarted", { draftId, model: z.string() }),
  "draft.delta": event("CouncilDraftDelta", { draftId, text: z.string() }),
  "draft.search.start": event("CouncilDraftSearchStart", { draftId, query: z.string() }),
  "draft.search": event("CouncilDraftSearch", { draftId, query: z.string(), results: z.int(), failed: z.boolean() }),
  "draft.completed": event("CouncilDraftCompleted", { ...draft, spentUsd }),
  "draft.failed": event("CouncilDraftFailed", { draftId, model: z.string(), error }),
  agreement: event("CouncilAgreement", {
    ...agreementShape,
    labels: z.array(z.strictObject({ label, draftId })),
    spentUsd,
  }),
  analysis: event("CouncilAnalysisMade", {
    analysis: councilAnalysis.nullable(),
    basis: labels,
    decidedBy,
    judge: councilJudge,
    spentUsd,
  }),
  "answer.delta": event("CouncilAnswerDelta", { text: z.string() }),
  done: event("CouncilDone", {
    runId: z.string(),
    content: z.string(),
    finishReason: z.string(),
    council: councilReport,
    usage: arenaUsage,
    costUsd: arenaCostUsd,
    durationMs: z.int(),
  }),
  error: event("CouncilError", { error }),
} as const;

/** The data of any event of a stream. */
export const councilEventData = z
  .union(Object.values(councilEventSchemas))
  .describe(
    "Typed server-sent events: `event:` names the type, `data:` holds one line of JSON. The last event is `done` or `error`.",
  );

export type CouncilEventName = keyof typeof councilEventSchemas;
export type CouncilEvent = {
  [Name in CouncilEventName]: { readonly name: Name; readonly data: z.infer<(typeof councilEventSchemas)[Name]> };
}[CouncilEventName];
export type CouncilReport = z.infer<typeof councilReport>;
export type CouncilWarning = z.infer<typeof councilWarnings>[number];
export type CouncilDraft = z.infer<typeof councilDraft>;

/** What POST /api/v1/council answers when it does not stream. */
export const councilAnswer = z
  .strictObject({
    success: z.literal(true),
    data: z.strictObject({
      id: z.string(),
      content: z.string(),
      finishReason: z.string().describe("As in a chat completion"),
      council: councilReport,
      usage: arenaUsage,
      costUsd: arenaCostUsd,
    }),
  })
  .meta({ id: "Council" });
