import type * as z from "zod";
import type { Agent, AgentAnswer } from "#core/arena/agent.ts";
import type { ArenaRun, Generated, GenerationRequest, RunRecord } from "#core/arena/arena-run.ts";
import { SearchBudget } from "#core/arena/search-budget.ts";
import { fromUsd } from "#core/catalog/cost.ts";
import { noTokens } from "#core/catalog/token-usage.ts";
import { GatewayError } from "#core/errors.ts";
import type { ArenaRequest } from "#core/schemas/arena.ts";
import type { ArenaEvent, ArenaEventName, arenaEventSchemas } from "#core/schemas/arena-events.ts";

/** A run whose models say what a test lets them say, and whose clock and purse a test holds. */

export interface MessageText {
  readonly content?: string;
  readonly toolCalls?: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  /** USD; null for an unknown price. Default 0.01. */
  readonly costUsd?: number | null;
}

/** One call as a script sees it. */
export interface ScriptedCall extends GenerationRequest {
  readonly isVote: boolean;
  /** How often this model was called before. */
  readonly earlierCalls: number;
  readonly run: ScriptedRun;
}

export type Script = (call: ScriptedCall) => string | MessageText | Promise<string | MessageText>;

export class ScriptedRun implements ArenaRun {
  readonly calls: ScriptedCall[] = [];
  /** What was left for ratings. */
  readonly records: RunRecord[] = [];
  remaining = 840_000;
  cancelled = false;
  readonly searches = new SearchBudget();
  maxCostUsd: number | undefined;
  readonly #script: Script;
  readonly #controller = new AbortController();
  #costPicoUsd = 0n;
  #underWay = 0;
  /** Most calls that ran at once. */
  widest = 0;

  constructor(script: Script) {
    this.#script = script;
  }

  get runId(): string {
    return "req_0199c0de-7000-7000-8000-000000000000";
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get abortReason(): GatewayError {
    if (!this.cancelled) return new GatewayError("PROVIDER_TIMEOUT", "No whole answer in time.");
    return new GatewayError("CONFLICT", "The request was cancelled.", { details: { cancelled: true } });
  }

  get overCost(): boolean {
    return this.maxCostUsd !== undefined && this.#costPicoUsd >= fromUsd(this.maxCostUsd);
  }

  get totals() {
    const count = this.calls.length;
    return { inputTokens: 10 * count, outputTokens: 5 * count, costPicoUsd: this.#costPicoUsd };
  }

  remainingMs(): number {
    return this.remaining;
  }

  async record(record: RunRecord): Promise<void> {
    this.records.push(record);
  }

  cancel(): void {
    this.cancelled = true;
    this.#controller.abort(this.abortReason);
  }

  /** Lets the run's own time be over. */
  timeOut(): void {
    this.#controller.abort(this.abortReason);
  }

  search<Result>(work: () => Promise<Result>): Promise<Result> {
    return work();
  }

  async generate(request: GenerationRequest): Promise<Generated> {
    if (this.signal.aborted) throw this.abortReason;
    const earlierCalls = this.calls.filter(({ model }) => model === request.model).length;
    const call = { ...request, isVote: request.responseFormat !== undefined, earlierCalls, run: this };
    this.calls.push(call);
    this.#underWay += 1;
    this.widest = Math.max(this.widest, this.#underWay);
    try {
      const said = await this.#script(call);
      const { content = "", toolCalls = [], costUsd = 0.01 } = typeof said === "string" ? { content: said } : said;
      request.onText(content);
      const costPicoUsd = costUsd === null ? undefined : fromUsd(costUsd);
      this.#costPicoUsd += costPicoUsd ?? 0n;
      const usage = { ...noTokens, inputTokens: 10, outputTokens: 5 };
      return { content, toolCalls, usage, costPicoUsd, model: `${request.model}-served`, finishReason: "stop" };
    } finally {
      this.#underWay -= 1;
    }
  }

  /** The calls that were votes. */
  get votes(): readonly ScriptedCall[] {
    return this.calls.filter(({ isVote }) => isVote);
  }
}

/** The text of a call's last message. */
export const lastText = ({ messages }: GenerationRequest): string => {
  const content = messages.at(-1)?.content;
  return typeof content === "string" ? content : "";
};

/** Everything that a call tells its model. */
export const allText = ({ messages }: GenerationRequest): string => JSON.stringify(messages);

/** A ballot's answers by their labels. */
export const ballotOf = (call: GenerationRequest): ReadonlyMap<string, string> => {
  const ballot = call.messages.find(({ content }) => typeof content === "string" && content.includes("<question>"));
  const text = typeof ballot?.content === "string" ? ballot.content : "";
  const found = text.matchAll(/<answer label="(\w)">\n([\s\S]*?)\n<\/answer>/g);
  return new Map([...found].map(([, label = "", content = ""]) => [label, content]));
};

/** A valid vote that puts the answers in the order of `best`, which they contain; others after them. */
export const voteFor = (call: GenerationRequest, ...best: readonly string[]): string => {
  const ballot = [...ballotOf(call)];
  const place = (content: string): number => {
    const index = best.findIndex((part) => content.includes(part));
    return index < 0 ? best.length : index;
  };
  const ranking = ballot.toSorted(([, left], [, right]) => place(left) - place(right)).map(([label]) => label);
  return JSON.stringify({ ranking, reason: "It is right." });
};

export const agentsOf = (...models: readonly string[]): readonly Agent[] =>
  models.map((model, index) => ({ agentId: `agent-${index + 1}`, model }));

export const answerOf = (agent: Agent, content: string): AgentAnswer => ({
  agent,
  modelUsed: agent.model,
  content,
  finishReason: "stop",
  citations: [],
  usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 },
  costUsd: 0,
  latencyMs: 0,
});

export const fightOf = (models: readonly string[], changes: Partial<ArenaRequest> = {}): ArenaRequest => ({
  mode: "fight",
  message: "Why is the sky blue?",
  models,
  history: [],
  stream: true,
  search: false,
  rounds: 2,
  fightMode: "brawl",
  maxCostUsd: undefined,
  maxTokens: undefined,
  ...changes,
});

/** Events in short: the name, and whose they are in which round. */
export const briefly = (events: readonly ArenaEvent[]): readonly string[] =>
  events.map(({ name, data }) => {
    const who = "agentId" in data ? ` ${data.agentId}` : "voterId" in data ? ` ${data.voterId}` : "";
    const round = "round" in data ? ` ${data.round}` : "";
    return `${name}${who}${round}`;
  });

type DataOf<Name extends ArenaEventName> = z.infer<(typeof arenaEventSchemas)[Name]>;

/** The data of the first event of a name. Fails when there is none. */
export const dataOf = <Name extends ArenaEventName>(events: readonly ArenaEvent[], name: Name): DataOf<Name> => {
  const data: unknown = events.find((event) => event.name === name)?.data;
  if (data === undefined) throw new Error(`There is no event ${name}`);
  return data as DataOf<Name>;
};
