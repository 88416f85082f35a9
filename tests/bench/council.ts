import { seededRandom } from "#core/arena/shuffle.ts";
import { toUsd } from "#core/catalog/cost.ts";
import { methods, panel } from "./council/methods.ts";
import { answerIn, type Question, questionsOf } from "./council/questions.ts";
import { realRows } from "./council/real.ts";
import { type ErrorModel, SimulatedRun } from "./council/simulated-run.ts";
import { replaceSection } from "./markdown.ts";

/**
 * `npm run bench -- council`: accuracy against cost of the best single model, a majority vote, a fight and a council, over
 * questions with checkable answers. Models are simulated, with stated errors, at the list prices of real ones; what decides
 * is the gateway's own code. `--write` puts the tables into docs/guide/council.md. With CK_KEY (and CK_URL, by default
 * http://127.0.0.1:8787) the same questions go to real models; `--each 5` sets how many of each kind.
 */

const seed = "council-2026-11-29";
const questionsEach = 100;

export const errorModels: readonly ErrorModel[] = [
  {
    name: "independent errors, unbiased judges",
    draftAccuracy: 0.75,
    sharedMistake: 0,
    judgeAccuracy: 0.85,
    bias: "none",
  },
  {
    name: "independent errors, judges prefer the first",
    draftAccuracy: 0.75,
    sharedMistake: 0,
    judgeAccuracy: 0.5,
    bias: "first",
  },
  {
    name: "independent errors, judges prefer the longest",
    draftAccuracy: 0.75,
    sharedMistake: 0,
    judgeAccuracy: 0.5,
    bias: "longest",
  },
  {
    name: "shared errors, unbiased judges",
    draftAccuracy: 0.75,
    sharedMistake: 0.8,
    judgeAccuracy: 0.85,
    bias: "none",
  },
  {
    name: "strong models, unbiased judges",
    draftAccuracy: 0.93,
    sharedMistake: 0.3,
    judgeAccuracy: 0.85,
    bias: "none",
  },
];

export interface Row {
  readonly method: string;
  /** 0 to 1. */
  readonly accuracy: number;
  /** Of a question, USD; null for an unknown price. */
  readonly costUsd: number | null;
}

const measure = async (name: string, questions: readonly Question[], errors: ErrorModel): Promise<Row> => {
  const method = methods[name];
  if (method === undefined) throw new Error(`No method is called ${name}`);
  let right = 0;
  let picoUsd = 0n;
  for (const question of questions) {
    const run = new SimulatedRun(question, errors, `${seed}/${errors.name}/${question.id}`);
    if (answerIn(await method(run, question)) === question.answer) right += 1;
    picoUsd += run.totals.costPicoUsd;
  }
  return { method: name, accuracy: right / questions.length, costUsd: toUsd(picoUsd) / questions.length };
};

/** The best single model by accuracy, in place of all of them. */
const withBestSingle = (rows: readonly Row[]): readonly Row[] => {
  const isSingle = ({ method }: Row): boolean => panel.some((model) => model === method);
  const best = rows.filter(isSingle).toSorted((left, right) => right.accuracy - left.accuracy)[0];
  const others = rows.filter((row) => !isSingle(row));
  return best === undefined ? others : [{ ...best, method: `best single (${best.method})` }, ...others];
};

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const usdPerThousand = (usd: number | null): string => (usd === null ? "unknown" : (usd * 1_000).toFixed(2));

const tableOf = (rows: readonly Row[]): string =>
  [
    "| Method | Right | USD for 1,000 questions |",
    "|---|---|---|",
    ...rows.map(({ method, accuracy, costUsd }) => `| ${method} | ${percent(accuracy)} | ${usdPerThousand(costUsd)} |`),
  ].join("\n");

const statement = ({ draftAccuracy, sharedMistake, judgeAccuracy, bias }: ErrorModel): string =>
  `A draft is right in ${percent(draftAccuracy)} of cases; a wrong one makes the common mistake in ${percent(sharedMistake)}. A judge or voter knows the right draft in ${percent(judgeAccuracy)} of cases, and otherwise prefers ${bias === "none" ? "any" : `the ${bias}`}.`;

const simulated = async (): Promise<string> => {
  const questions = questionsOf(seededRandom(seed), questionsEach);
  const sections: string[] = [];
  for (const errors of errorModels) {
    const rows: Row[] = [];
    for (const name of Object.keys(methods)) rows.push(await measure(name, questions, errors));
    const title = `**${errors.name[0]?.toUpperCase()}${errors.name.slice(1)}.**`;
    sections.push(`${title} ${statement(errors)}\n\n${tableOf(withBestSingle(rows))}`);
  }
  return sections.join("\n\n");
};

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};

const main = async (): Promise<void> => {
  const { CK_KEY: key, CK_URL: url = "http://127.0.0.1:8787" } = process.env;
  if (key !== undefined) {
    const questions = questionsOf(seededRandom(seed), Number(option("--each") ?? 5));
    process.stdout.write(`${tableOf(withBestSingle(await realRows({ url, key }, questions)))}\n`);
    return;
  }
  const text = await simulated();
  process.stdout.write(`${text}\n`);
  if (process.argv.includes("--write")) await replaceSection("council", text, "docs/guide/council.md");
};

if (import.meta.main) await main();
