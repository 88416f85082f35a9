import type { AgentAnswer } from "#core/arena/agent.ts";
import type { ArenaRun } from "#core/arena/arena-run.ts";
import { toUsd } from "#core/catalog/cost.ts";
import { type CollectedCall, chunksOf } from "#core/chat/chunk-reader.ts";
import { errorKinds, GatewayError, toGatewayError } from "#core/errors.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import type { CouncilReport, CouncilWarning } from "#core/schemas/council-events.ts";
import { type CouncilAnalysis, judgeDrafts } from "./analyse.ts";
import { fitted, isForJudgeAlone, needsJudge } from "./asked-form.ts";
import { type Candidate, type Choice, central, choose, needsSecondLook } from "./choose.ts";
import { type Comparison, compareDrafts } from "./compare.ts";
import type { CouncilRequest } from "./council-request.ts";
import { type Drafted, draftIdOf, makeDrafts, type Tell } from "./drafts.ts";
import { familyOf } from "./panel.ts";
import { questionOf } from "./plain-history.ts";
import type { CouncilPlan } from "./plan.ts";
import { savedUsd } from "./saved.ts";
import { type LabelledDraft, labelled } from "./shown-drafts.ts";
import { spentUsd } from "./spent.ts";
import { writeAnswer } from "./write-answer.ts";

/** A council: drafts, a comparison, and where they differ a judge's analysis and answer. */

export interface CouncilResult {
  readonly content: string;
  readonly toolCalls: readonly CollectedCall[];
  readonly finishReason: string;
  readonly report: CouncilReport;
  /** Whether a provider was a stand-in. */
  readonly simulated: boolean;
}

export interface CouncilListener {
  readonly tell: Tell;
  /** Called with each part of the judge's streamed answer, instead of `answer.delta`: whole frames. */
  readonly onPart?: (part: Buffer | string) => void;
  /** Called with the names of fields that the judge's provider left out or changed. */
  readonly onWarnings?: (names: readonly string[]) => void;
  /** Whether nothing is read before the end: an answer that breaks off can still be replaced. */
  readonly isWhole?: boolean;
}

/** Whether a part of a stream says something that cannot be taken back. */
const speaks = (part: Buffer | string): boolean =>
  chunksOf(part).some(({ choices }) =>
    choices.some(({ delta }) => Boolean(delta.content || delta.refusal || delta.tool_calls?.length)),
  );

/** What a draft may take of the run's time. */
const draftShare = 0.5;
const mostDraftMs = 120_000;
/** An analysis is not begun with less time than this, ms. */
const analysisMs = 20_000;

interface Settled {
  readonly choice: Choice | { readonly basis: readonly string[]; readonly decidedBy: "single" };
  readonly analysis: CouncilAnalysis | null;
  readonly comparison: Pick<Comparison, "groups" | "agreement">;
  readonly judgeUsed: string | null;
}

const candidatesOf = (drafts: readonly LabelledDraft[], judge: string): readonly Candidate[] => {
  const family = familyOf(judge);
  return drafts.map(({ label, text, draft }) => ({
    label,
    text,
    isJudges: family !== undefined && familyOf(draft.agent.model) === family,
  }));
};

/** The run of one council. Used once. */
export class Council {
  readonly #run: ArenaRun;
  readonly #request: CouncilRequest;
  readonly #plan: CouncilPlan;
  readonly #listener: CouncilListener;
  readonly #warnings = new Set<CouncilWarning>();
  readonly #startedAt = performance.now();

  constructor(run: ArenaRun, request: CouncilRequest, plan: CouncilPlan, listener: CouncilListener) {
    this.#run = run;
    this.#request = request;
    this.#plan = plan;
    this.#listener = listener;
    if (!request.judge.independent) this.#warnings.add("judge_family_on_panel");
  }

  /** @throws GatewayError when it was cancelled, timed out, or every draft failed */
  async hold(): Promise<CouncilResult> {
    const { tell } = this.#listener;
    const { models, judge } = this.#request;
    tell({
      name: "run.start",
      data: {
        runId: this.#run.runId,
        mode: "council",
        drafts: models.map((model, index) => ({ draftId: draftIdOf(index), model })),
        judge: judge.model,
        costBoundUsd: toUsd(this.#plan.bound.picoUsd),
      },
    });
    const timeoutMs = Math.min(mostDraftMs, this.#run.remainingMs() * draftShare);
    const drafted = await makeDrafts(this.#run, this.#request, { maxTokens: this.#plan.draftTokens, timeoutMs }, tell);
    if (drafted.drafts.length === 0) throw this.#noDraft(drafted);
    const drafts = labelled(drafted.drafts, this.#run.runId);
    const settled = await this.#settle(drafts);
    const written = await this.#answer(drafts, settled);
    const report = this.#report(drafted, drafts, settled, written.judgeUsed);
    return { ...written, report };
  }

  /** Tells the end. */
  finish({ content, finishReason, report }: CouncilResult): void {
    const { inputTokens, outputTokens } = this.#run.totals;
    this.#listener.tell({
      name: "done",
      data: {
        runId: this.#run.runId,
        content,
        finishReason,
        council: report,
        usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens },
        costUsd: report.costUsd,
        durationMs: Math.round(performance.now() - this.#startedAt),
      },
    });
  }

  #noDraft({ failures }: Drafted): GatewayError {
    if (this.#run.signal.aborted) return this.#run.abortReason;
    const errors = [...failures.values()];
    const last = errors.at(-1);
    // What no retry would change is the caller's to change: a request that nobody takes, money that is used up.
    const isFinal = errors.every(({ code }) => !errorKinds[code].retryable);
    const code = isFinal ? (last?.code ?? "MODEL_UNAVAILABLE") : "MODEL_UNAVAILABLE";
    return new GatewayError(code, `Every draft failed. Last failure: ${last?.message ?? "unknown"}`, {
      details: { drafts: [...failures].map(([draftId, error]) => ({ draftId, error })) },
      shouldRetry: false,
    });
  }

  /** Why no judge writes what only a judge can. */
  #noJudge(): GatewayError {
    if (this.#run.signal.aborted) return this.#run.abortReason;
    return new GatewayError(
      "MODEL_UNAVAILABLE",
      "The council has no time or money left for its judge, and only a judge can answer in the form that was asked for.",
      { shouldRetry: false },
    );
  }

  /** Whether the run may still ask a judge. */
  get #mayJudge(): boolean {
    if (this.#run.overCost) this.#warnings.add("cost_limit");
    return !this.#run.overCost && !this.#run.signal.aborted && this.#run.remainingMs() >= analysisMs;
  }

  async #settle(drafts: readonly LabelledDraft[]): Promise<Settled> {
    const [only] = drafts;
    if (only !== undefined && drafts.length === 1) {
      this.#warnings.add("single_draft");
      return {
        choice: { basis: [only.label], decidedBy: "single" },
        analysis: null,
        comparison: { groups: [[only.label]], agreement: 1 },
        judgeUsed: null,
      };
    }
    const question = questionOf(this.#request.messages);
    const comparison = await compareDrafts(this.#run, this.#request.comparer, question, drafts);
    if (comparison.failed) this.#warnings.add("comparison_failed");
    this.#listener.tell({
      name: "agreement",
      data: {
        agreement: comparison.agreement,
        groups: comparison.groups.map((group) => [...group]),
        labels: drafts.map(({ label, draft }) => ({ label, draftId: draft.agent.agentId })),
        spentUsd: spentUsd(this.#run),
      },
    });
    const verdicts = { candidates: candidatesOf(drafts, this.#request.judge.model), groups: comparison.groups };
    if (comparison.groups.length === 1) {
      return { choice: choose(verdicts, []), analysis: null, comparison, judgeUsed: null };
    }
    return this.#judge(question, drafts, verdicts, comparison);
  }

  async #judge(
    question: string,
    drafts: readonly LabelledDraft[],
    verdicts: Parameters<typeof choose>[0],
    comparison: Comparison,
  ): Promise<Settled> {
    const { judge, rubric } = this.#request;
    const options = { judge: judge.model, question, rubric, maxTokens: this.#plan.analysisTokens };
    const preferred: string[] = [];
    const first = this.#mayJudge ? await judgeDrafts(this.#run, options, drafts) : undefined;
    if (first === undefined) this.#warnings.add("judge_failed");
    else {
      preferred.push(first.value.preferred);
      if (needsSecondLook(verdicts, first.value.preferred) && this.#mayJudge) {
        const again = await judgeDrafts(this.#run, options, drafts.toReversed());
        if (again !== undefined) preferred.push(again.value.preferred);
      }
    }
    const choice = choose(verdicts, preferred);
    const settled = {
      choice,
      analysis: first?.value.analysis ?? null,
      comparison,
      judgeUsed: first?.modelUsed ?? null,
    };
    this.#listener.tell({
      name: "analysis",
      data: {
        analysis: settled.analysis as CouncilReport["analysis"],
        basis: [...choice.basis],
        decidedBy: choice.decidedBy,
        judge: { ...judge, modelUsed: settled.judgeUsed },
        spentUsd: spentUsd(this.#run),
      },
    });
    return settled;
  }

  /** The judge's answer where the drafts differ, or a draft cannot be what was asked for; else the draft that stands for the others. */
  async #answer(
    drafts: readonly LabelledDraft[],
    { choice, analysis }: Settled,
  ): Promise<Omit<CouncilResult, "report"> & { readonly judgeUsed: string | null }> {
    const agreed = choice.decidedBy === "agreement" || choice.decidedBy === "single";
    const standing = this.#standing(drafts, choice.basis);
    if (agreed && !needsJudge(this.#request, standing.content)) return this.#draftAnswer(standing);
    const isJudgesAlone = isForJudgeAlone(this.#request);
    if (!this.#mayJudge) {
      if (isJudgesAlone) throw this.#noJudge();
      this.#warnings.add("answer_failed");
      return this.#draftAnswer(standing);
    }
    const { tell, onPart, onWarnings, isWhole = false } = this.#listener;
    let said = false;
    try {
      const written = await writeAnswer(
        this.#run,
        this.#request,
        { drafts, analysis, basis: choice.basis },
        {
          maxTokens: this.#plan.answerTokens,
          onWarnings,
          onText: (text) => {
            if (text === "") return;
            said = true;
            if (onPart === undefined) tell({ name: "answer.delta", data: { text } });
          },
          onPart:
            onPart === undefined
              ? undefined
              : (part) => {
                  said ||= speaks(part);
                  onPart(part);
                },
        },
      );
      const { content, toolCalls, finishReason, simulated = false, model } = written;
      if (content.trim() === "" && toolCalls.length === 0)
        throw new GatewayError("PROVIDER_ERROR", "The answer was empty.");
      return { content, toolCalls, finishReason, simulated, judgeUsed: model };
    } catch (thrown) {
      // What the caller has read of an answer cannot be taken back.
      if (this.#run.cancelled || isJudgesAlone || (said && !isWhole)) throw toGatewayError(thrown);
      logger.warn("A council's answer failed", { requestId: this.#run.runId, error: loggableError(thrown) });
      this.#warnings.add("answer_failed");
      return this.#draftAnswer(standing);
    }
  }

  /** The draft that stands for those on which the council settled. */
  #standing(drafts: readonly LabelledDraft[], basis: readonly string[]): AgentAnswer {
    const standing = drafts.filter(({ label }) => basis.includes(label));
    const { label } = central(candidatesOf(standing, this.#request.judge.model));
    const chosen = standing.find((each) => each.label === label) ?? standing[0];
    if (chosen === undefined) throw new Error("A council without a basis");
    return chosen.draft;
  }

  #draftAnswer(draft: AgentAnswer) {
    const { content, finishReason = draft.finishReason } = fitted(this.#request, draft.content);
    this.#listener.tell({ name: "answer.delta", data: { text: content } });
    return { content, toolCalls: [], finishReason, simulated: false, judgeUsed: null };
  }

  #report(
    { failures }: Drafted,
    drafts: readonly LabelledDraft[],
    { choice, analysis, comparison, judgeUsed }: Settled,
    answeredBy: string | null,
  ): CouncilReport {
    const { models, judge } = this.#request;
    const reportOf = (model: string, index: number): CouncilReport["drafts"][number] => {
      const draftId = draftIdOf(index);
      const found = drafts.find(({ draft }) => draft.agent.agentId === draftId);
      const made: AgentAnswer | undefined = found?.draft;
      return {
        draftId,
        label: found?.label ?? null,
        model,
        modelUsed: made?.modelUsed ?? null,
        content: made?.content ?? null,
        finishReason: made?.finishReason ?? null,
        citations: [...(made?.citations ?? [])],
        usage: made?.usage ?? null,
        costUsd: made?.costUsd ?? null,
        latencyMs: made?.latencyMs ?? null,
        error: made === undefined ? (failures.get(draftId) ?? null) : null,
      };
    };
    const saved = choice.decidedBy === "agreement" && answeredBy === null;
    return {
      drafts: models.map(reportOf),
      analysis: analysis as CouncilReport["analysis"],
      agreement: comparison.agreement,
      groups: comparison.groups.map((group) => [...group]),
      basis: [...choice.basis],
      decidedBy: choice.decidedBy,
      judge: { ...judge, modelUsed: answeredBy ?? judgeUsed },
      costUsd: spentUsd(this.#run),
      savedUsd: saved ? savedUsd(this.#request, drafts) : 0,
      warnings: [...this.#warnings],
    };
  }
}
