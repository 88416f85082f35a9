import { eventFrame } from "#core/schemas/arena-events.ts";
import type { CouncilEvent, CouncilReport } from "#core/schemas/council-events.ts";

const runId = "req_019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b";
const first = { draftId: "draft-1", model: "gpt-6-luna" };
const second = { draftId: "draft-2", model: "claude-haiku-5-5" };
const usage = { inputTokens: 24, outputTokens: 12, totalTokens: 36 };
const judge = { model: "grok-4.3", modelUsed: "grok-4.3", independent: true };

const made = (draft: typeof first, content: string) => ({
  ...draft,
  modelUsed: draft.model,
  content,
  finishReason: "stop",
  citations: [],
  usage,
  costUsd: 0.000_008,
  latencyMs: 1_210,
});
const right = made(first, "17 * 23 = 391.");
const wrong = made(second, "17 * 23 is 381.");

const analysis = {
  consensus: ["The product of 17 and 23 is asked for."],
  contradictions: [
    {
      point: "The product",
      positions: [
        { claim: "391", drafts: ["B"] },
        { claim: "381", drafts: ["A"] },
      ],
    },
  ],
  partialCoverage: [],
  uniqueInsights: [],
  blindSpots: ["Neither shows the steps."],
};

const settled = { agreement: 0, groups: [["A"], ["B"]] };

const council: CouncilReport = {
  drafts: [
    { ...right, label: "B", error: null },
    { ...wrong, label: "A", error: null },
  ],
  analysis,
  ...settled,
  basis: ["B"],
  decidedBy: "judge",
  judge,
  costUsd: 0.000_61,
  savedUsd: 0,
  warnings: [],
};

const text = "17 · 23 = 391 [B].";

const events: readonly CouncilEvent[] = [
  {
    name: "run.start",
    data: { runId, mode: "council", drafts: [first, second], judge: judge.model, costBoundUsd: 0.06 },
  },
  { name: "draft.started", data: first },
  { name: "draft.started", data: second },
  { name: "draft.delta", data: { draftId: second.draftId, text: wrong.content } },
  { name: "draft.completed", data: { ...wrong, spentUsd: 0.000_008 } },
  { name: "draft.delta", data: { draftId: first.draftId, text: right.content } },
  { name: "draft.completed", data: { ...right, spentUsd: 0.000_016 } },
  {
    name: "agreement",
    data: {
      ...settled,
      labels: [
        { label: "A", draftId: second.draftId },
        { label: "B", draftId: first.draftId },
      ],
      spentUsd: 0.000_05,
    },
  },
  { name: "analysis", data: { analysis, basis: ["B"], decidedBy: "judge", judge, spentUsd: 0.000_4 } },
  { name: "answer.delta", data: { text } },
  {
    name: "done",
    data: {
      runId,
      content: text,
      finishReason: "stop",
      council,
      usage: { inputTokens: 900, outputTokens: 210, totalTokens: 1_110 },
      costUsd: council.costUsd,
      durationMs: 4_950,
    },
  },
];

/** A small council as it travels, for the OpenAPI document. */
export const councilTranscript = events.map(eventFrame).join("");
