/** Questions whose answers can be checked: built from a seed, and nothing that a model writes is executed. */

export interface Question {
  readonly id: number;
  readonly kind: "arithmetic" | "dates" | "text" | "logic";
  readonly text: string;
  /** A number or one word. */
  readonly answer: string;
}

export type Random = () => number;

const between = (random: Random, least: number, most: number): number =>
  least + Math.floor(random() * (most - least + 1));
const pick = <Value>(random: Random, values: readonly [Value, ...Value[]]): Value =>
  values[Math.floor(random() * values.length)] ?? values[0];

const arithmetic = (random: Random): Omit<Question, "id" | "kind"> => {
  const [a, b, c] = [between(random, 12, 99), between(random, 12, 99), between(random, 100, 999)];
  return { text: `What is ${a} times ${b} plus ${c}?`, answer: String(a * b + c) };
};

const dayMs = 86_400_000;

const dates = (random: Random): Omit<Question, "id" | "kind"> => {
  const start = Date.UTC(between(random, 1990, 2030), between(random, 0, 11), between(random, 1, 28));
  const days = between(random, 20, 900);
  const shown = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  return random() < 0.5
    ? { text: `How many days is it from ${shown(start)} to ${shown(start + days * dayMs)}?`, answer: String(days) }
    : {
        text: `Which day of the month is it ${days} days after ${shown(start)}? Give its number.`,
        answer: String(new Date(start + days * dayMs).getUTCDate()),
      };
};

const words = [
  "banana",
  "committee",
  "mississippi",
  "engineer",
  "parallel",
  "bookkeeper",
  "assessment",
  "tennessee",
] as const;

const text = (random: Random): Omit<Question, "id" | "kind"> => {
  const [word, other] = [pick(random, words), pick(random, words)];
  const letter = pick(random, [...word] as unknown as readonly [string, ...string[]]);
  const both = `${word}${other}`;
  return {
    text: `How often does the letter ${letter} occur in ${both}?`,
    answer: String([...both].filter((each) => each === letter).length),
  };
};

const names = ["Ada", "Ben", "Cleo", "Dan", "Eve"] as const;

const logic = (random: Random): Omit<Question, "id" | "kind"> => {
  const order = [...names].sort(() => random() - 0.5);
  const clues = order.slice(1).map((name, index) => `${name} is slower than ${order[index]}.`);
  const asked = between(random, 1, 5);
  return {
    text: `${clues.sort(() => random() - 0.5).join(" ")} Who comes in at place ${asked}? Give the name.`,
    answer: order[asked - 1] ?? "",
  };
};

const kinds = { arithmetic, dates, text, logic } as const;

/** So many questions of each kind. */
export const questionsOf = (random: Random, each: number): readonly Question[] =>
  (Object.keys(kinds) as (keyof typeof kinds)[])
    .flatMap((kind) => Array.from({ length: each }, () => ({ kind, ...kinds[kind](random) })))
    .map((question, id) => ({ id, ...question }));

/** What a text answers: the name or number that comes last. */
export const answerIn = (said: string): string => said.match(/\b(?:Ada|Ben|Cleo|Dan|Eve)\b|-?\d+/g)?.at(-1) ?? "";

/** Wrong answers that a model might give. */
export const wrongAnswers = ({ answer }: Question): readonly string[] => {
  const number = Number(answer);
  return Number.isNaN(number)
    ? names.filter((name) => name !== answer)
    : [1, -1, 2, 10].map((change) => String(number + change));
};
