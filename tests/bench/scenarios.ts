import type { LoadTarget } from "./load-client.ts";
import type { Target } from "./processes/gateway.ts";

/** One kind of request that every target is measured with. */
export interface Scenario {
  readonly stream: boolean;
  readonly connections: number;
  readonly promptBytes: number;
  /** Of a stream; words of a JSON answer. */
  readonly chunks: number;
  /** Between two chunks, ms; 0 sends them at once. */
  readonly gapMs: number;
}

const small = 200;
const large = 32 * 1024;

const combine = (connections: readonly number[], prompts: readonly number[], chunks: readonly number[]): Scenario[] =>
  connections.flatMap((count) =>
    prompts.flatMap((promptBytes) => [
      { stream: false, connections: count, promptBytes, chunks: 64, gapMs: 0 },
      ...chunks.map((length) => ({ stream: true, connections: count, promptBytes, chunks: length, gapMs: 0 })),
    ]),
  );

/** What `npm run bench` measures: on one connection what a user waits for, on many how much passes through two cores. */
export const allScenarios = [...combine([1], [small, large], [64, 2_000]), ...combine([16, 64], [small], [64])];
/** What `npm run bench -- --quick` measures. */
export const quickScenarios = combine([1, 16], [small], [64]);

/** What is measured once more over the embedded engine, and in each dialect. */
export const plainScenarios = combine([1], [small], [64]);

export const scenarioName = ({ stream, connections, promptBytes, chunks, gapMs }: Scenario): string =>
  [
    stream ? `stream ${chunks}` : "JSON",
    promptBytes === small ? "small prompt" : `${Math.round(promptBytes / 1024)} KB prompt`,
    `${connections} conn.`,
    ...(gapMs === 0 ? [] : [`${gapMs} ms apart`]),
  ].join(", ");

const models = { openai: "gpt-5.4-mini", anthropic: "claude-haiku-4-5" } as const;
const system = "Answer in one word.";

const promptOf = ({ promptBytes }: Scenario): string =>
  "lorem ipsum dolor ".repeat(Math.ceil(promptBytes / 18)).slice(0, promptBytes);

/** The chat request of a scenario. The fake provider reads its script from the words: `metadata` would be tags, which are counted. */
export const chatBody = (scenario: Scenario): string =>
  JSON.stringify({
    model: models.openai,
    messages: [
      { role: "system", content: `${system} ${scenario.chunks} chunks, ${scenario.gapMs} ms apart.` },
      { role: "user", content: promptOf(scenario) },
    ],
    ...(scenario.stream ? { stream: true } : {}),
  });

/** A dialect in front of its own provider, whose bytes pass, or of another's, whose answers are translated. */
export interface DialectCase {
  readonly name: string;
  readonly target: Exclude<Target, "floor" | "gateway">;
  readonly model: string;
  /** Of the provider's API below its `/v1`. */
  readonly providerPath: string;
}

export const dialectCases: readonly DialectCase[] = [
  { name: "/v1/messages, native", target: "messages", model: models.anthropic, providerPath: "/messages" },
  { name: "/v1/messages, translated", target: "messages", model: models.openai, providerPath: "/chat/completions" },
  { name: "/v1/responses, native", target: "responses", model: models.openai, providerPath: "/responses" },
  { name: "/v1/responses, translated", target: "responses", model: models.anthropic, providerPath: "/messages" },
];

const dialectBody = ({ target, model }: DialectCase, scenario: Scenario): string => {
  const stream = scenario.stream ? { stream: true } : {};
  const prompt = promptOf(scenario);
  return JSON.stringify(
    target === "messages"
      ? { model, max_tokens: 1_000, system, messages: [{ role: "user", content: prompt }], ...stream }
      : { model, instructions: system, input: prompt, ...stream },
  );
};

/** The gateway's endpoint of a dialect. Streams have the provider's usual 64 chunks. */
export const dialectTarget = (
  dialect: DialectCase,
  scenario: Scenario,
  baseUrl: string,
  headers: Readonly<Record<string, string>>,
): LoadTarget => {
  const end = dialect.target === "messages" ? "message_stop" : "response.completed";
  return {
    url: `${baseUrl}/api/v1/${dialect.target}`,
    headers,
    body: dialectBody(dialect, scenario),
    mark: scenario.stream ? end : "}",
  };
};

const markOf = (scenario: Scenario): string => (scenario.stream ? "[DONE]" : "}");

/** Anything that answers chat completions. */
export const chatTarget = (scenario: Scenario, url: string, headers: Readonly<Record<string, string>>): LoadTarget => ({
  url,
  headers,
  body: chatBody(scenario),
  mark: markOf(scenario),
});

/** About as long as the provider's JSON answer. */
const floorAnswerBytes = 1_100;

/** The function that does nothing, with the same body in and as many chunks out. */
export const floorTarget = (scenario: Scenario, baseUrl: string): LoadTarget => ({
  url: scenario.stream
    ? `${baseUrl}/floor/stream/${scenario.chunks}/${scenario.gapMs}`
    : `${baseUrl}/floor/json/${floorAnswerBytes}`,
  headers: {},
  body: chatBody(scenario),
  mark: markOf(scenario),
});

/** The function that makes the calls of a chat and nothing else. The provider is asked for the same JSON. */
export const callsTarget = (scenario: Scenario, baseUrl: string): LoadTarget => ({
  url: `${baseUrl}/floor/calls/${floorAnswerBytes}`,
  headers: {},
  body: chatBody({ ...scenario, stream: false }),
  mark: "}",
});

/** A key that the stand-ins do not know. */
export const unknownKey = `ck_${"u".repeat(22)}`;

/** What is refused, from the cheapest on. */
export const refusalTargets = (
  baseUrl: string,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, LoadTarget>> => {
  const url = `${baseUrl}/api/v1/chat/completions`;
  const message = { role: "user", content: "Hello" };
  const good = JSON.stringify({ model: models.openai, messages: [message] });
  const mark = '"error"';
  return {
    "without a key": { url, headers: {}, body: good, mark, status: 401 },
    "with an unknown key": {
      ...{ url, headers: { authorization: `Bearer ${unknownKey}` }, body: good },
      ...{ mark, status: 401 },
    },
    "for a field that is wrong": {
      ...{ url, headers, body: JSON.stringify({ model: models.openai, messages: [message], temperature: "hot" }) },
      ...{ mark, status: 400 },
    },
  };
};
