import { comparer, judge, panel } from "./methods.ts";
import { answerIn, type Question } from "./questions.ts";

/** The same questions to real models, through a gateway. */

export interface Gateway {
  readonly url: string;
  readonly key: string;
}

export interface RealRow {
  readonly method: string;
  readonly accuracy: number;
  readonly costUsd: number | null;
}

interface Answered {
  readonly text: string;
  readonly costUsd: number | null;
}

const waitMs = (response: Response): number => 1_000 * Number(response.headers.get("retry-after") ?? 10);

/** Asks again after a 429: a minute has room for ten councils. */
const post = async ({ url, key }: Gateway, path: string, body: object): Promise<string> => {
  for (;;) {
    const response = await fetch(`${url}/api/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}`, "x-cache": "no-cache" },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (response.ok) return text;
    if (response.status !== 429) throw new Error(`${path} answered with ${response.status}: ${text.slice(0, 300)}`);
    await new Promise((resolve) => setTimeout(resolve, waitMs(response)));
  }
};

interface ChatData {
  readonly data: { readonly content: string; readonly costUsd: number | null };
}

const single =
  (model: string) =>
  async (gateway: Gateway, { text }: Question): Promise<Answered> => {
    const { data } = JSON.parse(await post(gateway, "chat", { model, message: text })) as ChatData;
    return { text: data.content, costUsd: data.costUsd };
  };

const sumOf = (costs: readonly (number | null)[]): number | null =>
  costs.reduce((sum, cost) => (sum === null || cost === null ? null : sum + cost), 0);

const majority = async (gateway: Gateway, question: Question): Promise<Answered> => {
  const said: Answered[] = [];
  for (const model of panel) said.push(await single(model)(gateway, question));
  const groups = [...Map.groupBy(said, ({ text }) => answerIn(text)).values()];
  const largest = groups.reduce((best, group) => (group.length > best.length ? group : best));
  return { text: largest[0]?.text ?? "", costUsd: sumOf(said.map(({ costUsd }) => costUsd)) };
};

interface DoneData {
  readonly winner: string | null;
  readonly costUsd: number | null;
}

const fight = async (gateway: Gateway, { text }: Question): Promise<Answered> => {
  const stream = await post(gateway, "v1/fight", { message: text, models: panel, search: false });
  const events = [...stream.matchAll(/^event: (\S+)\ndata: (.*)$/gm)].map(([, name, data = "{}"]) => ({
    name,
    data: JSON.parse(data) as DoneData & { readonly agentId?: string; readonly content?: string },
  }));
  const done = events.findLast(({ name }) => name === "done")?.data;
  const won = events.findLast(({ name, data }) => name === "agent.end" && data.agentId === (done?.winner ?? "agent-1"));
  return { text: won?.data.content ?? "", costUsd: done?.costUsd ?? null };
};

const council = async (gateway: Gateway, { text }: Question): Promise<Answered> => {
  const { data } = JSON.parse(
    await post(gateway, "v1/council", { message: text, models: panel, judge, comparer }),
  ) as ChatData;
  return { text: data.content, costUsd: data.costUsd };
};

/** Accuracy and cost of each way, question after question. */
export const realRows = async (gateway: Gateway, questions: readonly Question[]): Promise<readonly RealRow[]> => {
  const ways = {
    ...Object.fromEntries(panel.map((model) => [model, single(model)])),
    "majority vote": majority,
    fight,
    council,
  };
  const rows: RealRow[] = [];
  for (const [method, ask] of Object.entries(ways)) {
    const answers: { readonly right: boolean; readonly costUsd: number | null }[] = [];
    for (const question of questions) {
      const { text, costUsd } = await ask(gateway, question);
      answers.push({ right: answerIn(text) === question.answer, costUsd });
    }
    const cost = sumOf(answers.map(({ costUsd }) => costUsd));
    rows.push({
      method,
      accuracy: answers.filter(({ right }) => right).length / answers.length,
      costUsd: cost === null ? null : cost / answers.length,
    });
  }
  return rows;
};
