import type { ArenaRun, Generated, GenerationRequest } from "#core/arena/arena-run.ts";
import { SearchBudget } from "#core/arena/search-budget.ts";
import { seededRandom } from "#core/arena/shuffle.ts";
import { costPicoUsd } from "#core/catalog/cost.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import { estimateTokens, noTokens } from "#core/catalog/token-usage.ts";
import { GatewayError } from "#core/errors.ts";
import { answerIn, type Question, type Random, wrongAnswers } from "./questions.ts";

/** Models whose errors are stated, at the list prices of real ones. Nothing is claimed of how good those are. */

export interface ErrorModel {
  readonly name: string;
  /** How often a draft is right. */
  readonly draftAccuracy: number;
  /** How often a wrong draft makes the mistake that others make too. */
  readonly sharedMistake: number;
  /** How often a judge or voter knows the right draft where one is there. */
  readonly judgeAccuracy: number;
  /** What a judge goes by when it does not know. */
  readonly bias: "none" | "first" | "longest";
}

/** Tokens that a model takes for a draft, and for a judgement, beyond what it says. */
const thinkingTokens = 150;
const comparerError = 0.02;

const textOf = ({ messages }: GenerationRequest): string =>
  messages.map(({ content }) => (typeof content === "string" ? content : "")).join("\n");

const shownIn = (text: string, tag: "draft" | "answer"): readonly (readonly [string, string])[] =>
  [...text.matchAll(new RegExp(`<${tag} label="(\\w)">\\n([\\s\\S]*?)\\n</${tag}>`, "g"))].map(
    ([, label = "", content = ""]) => [label, content] as const,
  );

export class SimulatedRun implements ArenaRun {
  readonly runId: string;
  readonly signal = new AbortController().signal;
  readonly cancelled = false;
  readonly abortReason = new GatewayError("CONFLICT", "Cancelled.");
  readonly overCost = false;
  readonly searches = new SearchBudget();
  readonly #question: Question;
  readonly #errors: ErrorModel;
  readonly #seed: string;
  /** Each model has its own chance, so that every method meets the same drafts. */
  readonly #randoms = new Map<string, Random>();
  #random: Random = () => 0;
  #costPicoUsd = 0n;

  constructor(question: Question, errors: ErrorModel, seed: string) {
    this.runId = `req_${question.id}`;
    this.#question = question;
    this.#errors = errors;
    this.#seed = seed;
  }

  get totals() {
    return { inputTokens: 0, outputTokens: 0, costPicoUsd: this.#costPicoUsd };
  }

  remainingMs(): number {
    return 840_000;
  }

  search<Result>(work: () => Promise<Result>): Promise<Result> {
    return work();
  }

  async record(): Promise<void> {
    // A bench has no ratings.
  }

  async generate(request: GenerationRequest): Promise<Generated> {
    const input = textOf(request);
    const { model } = request;
    this.#random = this.#randoms.get(model) ?? seededRandom(`${this.#seed}/${model}`);
    this.#randoms.set(model, this.#random);
    const content = this.#say(request, input);
    request.onText(content);
    const usage = {
      ...noTokens,
      inputTokens: estimateTokens(input.length),
      outputTokens: estimateTokens(content.length) + thinkingTokens,
    };
    const cost = costPicoUsd(resolveModel(request.model).catalog, usage);
    this.#costPicoUsd += cost ?? 0n;
    return { content, toolCalls: [], usage, costPicoUsd: cost, model: request.model, finishReason: "stop" };
  }

  #say({ responseFormat }: GenerationRequest, input: string): string {
    const format = responseFormat?.type === "json_schema" ? responseFormat.json_schema.name : undefined;
    const drafts = shownIn(input, "draft");
    if (format === "council_comparison") return this.#compare(drafts);
    if (format === "council_analysis") {
      const lists = { consensus: [], contradictions: [], partialCoverage: [], uniqueInsights: [], blindSpots: [] };
      return JSON.stringify({ ...lists, preferred: this.#best(drafts)[0] });
    }
    if (format === "vote") return this.#vote(shownIn(input, "answer"));
    if (drafts.length > 0) {
      const [, basis = ""] = /The council settled on: (\w)/.exec(input) ?? [];
      return drafts.find(([label]) => label === basis)?.[1] ?? "";
    }
    return this.#draft();
  }

  #draft(): string {
    const { draftAccuracy, sharedMistake } = this.#errors;
    const words = "I went through it step by step. ".repeat(1 + Math.floor(this.#random() * 6));
    if (this.#random() < draftAccuracy) return `${words}The answer is ${this.#question.answer}`;
    const [shared = "", ...others] = wrongAnswers(this.#question);
    const wrong =
      this.#random() < sharedMistake ? shared : (others[Math.floor(this.#random() * others.length)] ?? shared);
    return `${words}The answer is ${wrong}`;
  }

  #compare(drafts: readonly (readonly [string, string])[]): string {
    const isWrong = this.#random() < comparerError;
    const groups = Map.groupBy(drafts, ([label, text]) => (isWrong ? label : answerIn(text)));
    return JSON.stringify({ groups: [...groups.values()].map((group) => group.map(([label]) => label)) });
  }

  /** A draft that the judge holds for the best. */
  #best(drafts: readonly (readonly [string, string])[]): readonly [string, string] {
    const right = drafts.filter(([, text]) => answerIn(text) === this.#question.answer);
    const [known] = right;
    if (known !== undefined && this.#random() < this.#errors.judgeAccuracy) return known;
    const { bias } = this.#errors;
    const [first = ["A", ""] as const] = drafts;
    if (bias === "first") return first;
    if (bias === "longest") return drafts.toSorted(([, left], [, other]) => other.length - left.length)[0] ?? first;
    return drafts[Math.floor(this.#random() * drafts.length)] ?? first;
  }

  #vote(answers: readonly (readonly [string, string])[]): string {
    const [best] = this.#best(answers);
    const others = answers.map(([label]) => label).filter((label) => label !== best);
    return JSON.stringify({ ranking: [best, ...others], reason: "Simulated." });
  }
}
