import type { ArenaRun } from "#core/arena/arena-run.ts";
import { playArena } from "#core/arena/run-arena.ts";
import { toCouncilRequest } from "#core/council/council-request.ts";
import { planCouncil } from "#core/council/plan.ts";
import { Council } from "#core/council/run-council.ts";
import { toArenaRequest } from "#core/schemas/arena.ts";
import { answerIn, type Question } from "./questions.ts";

/** Ways to get one answer from a panel. Each gives the answer's text. */

export const panel = ["gpt-6.2-sol", "claude-sonnet-5-5", "gemini-3.8-flash"] as const;
export const judge = "grok-4.7";
export const comparer = "deepseek/deepseek-v4-flash";

export type Method = (run: ArenaRun, question: Question) => Promise<string>;

const ask = async (run: ArenaRun, model: string, { text }: Question): Promise<string> => {
  const messages = [{ role: "user" as const, content: text }];
  return (await run.generate({ model, messages, maxTokens: undefined, onText: () => undefined })).content;
};

const single =
  (model: string): Method =>
  (run, question) =>
    ask(run, model, question);

/** The most frequent answer; of equals the first. */
const majority: Method = async (run, question) => {
  const said = await Promise.all(panel.map((model) => ask(run, model, question)));
  const groups = [...Map.groupBy(said, answerIn).values()];
  return groups.reduce((best, group) => (group.length > best.length ? group : best))[0] ?? "";
};

const fight: Method = async (run, { text }) => {
  const request = toArenaRequest("fight", { message: text, models: [...panel], search: false });
  const contents = new Map<string, string>();
  const { winner } = await playArena(run, request, (event) => {
    if (event.name === "agent.end") contents.set(event.data.agentId, event.data.content);
  });
  return contents.get(winner ?? "agent-1") ?? "";
};

const council: Method = async (run, { text }) => {
  const body = { message: text, models: [...panel], judge, comparer, panel: "standard" as const, search: false };
  const request = toCouncilRequest(body);
  return (await new Council(run, request, planCouncil(request), { tell: () => undefined }).hold()).content;
};

export const methods: Readonly<Record<string, Method>> = {
  ...Object.fromEntries(panel.map((model) => [model, single(model)])),
  "majority vote": majority,
  fight,
  council,
};
