import type { GenerationRequest } from "#core/arena/arena-run.ts";
import { type CouncilBody, type CouncilRequest, toCouncilRequest } from "#core/council/council-request.ts";
import { planCouncil } from "#core/council/plan.ts";
import { Council, type CouncilListener, type CouncilResult } from "#core/council/run-council.ts";
import type { CouncilEvent } from "#core/schemas/council-events.ts";
import { type MessageText, type ScriptedCall, ScriptedRun } from "#tests/core/arena/scripted-run.ts";

/** Councils whose models say what a test lets them say. */

export type Role = "draft" | "comparison" | "analysis" | "answer";

/** What a call is for. */
export const roleOf = ({ responseFormat, messages }: GenerationRequest): Role => {
  const name = responseFormat?.type === "json_schema" ? responseFormat.json_schema.name : undefined;
  if (name === "council_comparison") return "comparison";
  if (name === "council_analysis") return "analysis";
  return String(messages.at(-1)?.content).startsWith("<drafts>") ? "answer" : "draft";
};

/** The drafts of a comparison, an analysis or an answer, in the order in which they are shown. */
export const shownIn = ({ messages }: GenerationRequest): ReadonlyMap<string, string> => {
  const text = messages.map(({ content }) => (typeof content === "string" ? content : "")).join("\n");
  const found = text.matchAll(/<draft label="(\w)">\n([\s\S]*?)\n<\/draft>/g);
  return new Map([...found].map(([, label = "", content = ""]) => [label, content]));
};

/** What a draft results in: its last number, else its words. */
export const resultOf = (draft: string): string => draft.match(/-?\d+(?:\.\d+)?/g)?.at(-1) ?? draft.trim();

/** A comparer that is right: drafts with one result are one group. */
export const honestGroups = (call: GenerationRequest): string => {
  const groups = new Map<string, string[]>();
  for (const [label, text] of shownIn(call)) {
    const result = resultOf(text);
    groups.set(result, [...(groups.get(result) ?? []), label]);
  }
  return JSON.stringify({ groups: [...groups.values()] });
};

export const noAnalysis = {
  consensus: [],
  contradictions: [],
  partialCoverage: [],
  uniqueInsights: [],
  blindSpots: [],
};

/** An analysis of a judge that prefers a draft. */
export const preferring = (call: GenerationRequest, choose: (drafts: readonly [string, string][]) => string): string =>
  JSON.stringify({ ...noAnalysis, preferred: choose([...shownIn(call)]) });

/** An answer that repeats the draft on which the council settled. */
export const followBasis = (call: GenerationRequest): string => {
  const text = String(call.messages.at(-1)?.content);
  const [label = ""] = /The council settled on: ([A-H])/.exec(text)?.slice(1) ?? [];
  return shownIn(call).get(label) ?? "";
};

export type Said = string | MessageText;
export interface Script {
  readonly draft: (call: ScriptedCall) => Said | Promise<Said>;
  readonly comparison?: (call: ScriptedCall) => Said | Promise<Said>;
  readonly analysis?: (call: ScriptedCall) => Said | Promise<Said>;
  readonly answer?: (call: ScriptedCall) => Said | Promise<Said>;
}

export const bodyOf = (changes: Partial<CouncilBody> = {}): CouncilBody => ({
  message: "What is 17 times 23?",
  panel: "budget",
  search: false,
  ...changes,
});

/** The panel, judge and comparer of most tests: models that no catalogue knows. */
export const seats = {
  models: ["openai/one", "anthropic/two", "google/three"],
  judge: "x-ai/judge",
  comparer: "x-ai/comparer",
} as const;

export interface Held {
  readonly run: ScriptedRun;
  readonly events: readonly CouncilEvent[];
  readonly result: CouncilResult;
}

export interface HoldOptions {
  /** The run's id, which seeds the order of drafts. */
  readonly seed?: string;
  readonly prepare?: (run: ScriptedRun) => void;
  readonly request?: Partial<CouncilRequest>;
  readonly listener?: Omit<CouncilListener, "tell">;
}

class SeededRun extends ScriptedRun {
  readonly #seed: string;
  constructor(seed: string, script: ConstructorParameters<typeof ScriptedRun>[0]) {
    super(script);
    this.#seed = seed;
  }
  override get runId(): string {
    return this.#seed;
  }
}

const usualId = "req_0199c0de-7000-7000-8000-000000000000";

/** Holds a council over a scripted run. */
export const hold = async (
  script: Script,
  body: Partial<CouncilBody> = {},
  { seed = usualId, prepare, request: changes, listener = {} }: HoldOptions = {},
): Promise<Held> => {
  const whole: Required<Script> = {
    comparison: honestGroups,
    analysis: (call) => preferring(call, ([[label] = ["A"]]) => label),
    answer: followBasis,
    ...script,
  };
  const run = new SeededRun(seed, (call) => whole[roleOf(call)](call));
  prepare?.(run);
  const request = { ...toCouncilRequest(bodyOf({ ...seats, ...body })), ...changes };
  const events: CouncilEvent[] = [];
  const council = new Council(run, request, planCouncil(request), {
    tell: (event) => events.push(event),
    ...listener,
  });
  const result = await council.hold();
  council.finish(result);
  return { run, events, result };
};

export const rolesOf = (run: ScriptedRun): readonly Role[] => run.calls.map(roleOf);
