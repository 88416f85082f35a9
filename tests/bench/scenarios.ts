import type { LoadTarget } from "./load-client.ts";

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

/** What `npm run bench` measures. */
export const allScenarios = combine([1, 16, 64], [small, large], [64, 2_000]);
/** What `npm run bench -- --quick` measures. */
export const quickScenarios = combine([1, 16], [small], [64]);

/** What is measured once more over the embedded engine. */
export const engineScenarios = combine([1], [small], [64]);

export const scenarioName = ({ stream, connections, promptBytes, chunks, gapMs }: Scenario): string =>
  [
    stream ? `stream ${chunks}` : "JSON",
    promptBytes === small ? "small prompt" : `${Math.round(promptBytes / 1024)} KB prompt`,
    `${connections} conn.`,
    ...(gapMs === 0 ? [] : [`${gapMs} ms apart`]),
  ].join(", ");

const model = "gpt-5.4-mini";

/** The chat request of a scenario; the fake provider reads its script from `metadata`. */
export const chatBody = ({ stream, promptBytes, chunks, gapMs }: Scenario): string =>
  JSON.stringify({
    model,
    messages: [
      { role: "system", content: "Answer in one word." },
      { role: "user", content: "lorem ipsum dolor ".repeat(Math.ceil(promptBytes / 18)).slice(0, promptBytes) },
    ],
    ...(stream ? { stream: true } : {}),
    metadata: { chunks: String(chunks), gap_ms: String(gapMs) },
  });

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
