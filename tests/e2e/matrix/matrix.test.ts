import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useStandardCloud } from "#tests/support/cloud.ts";
import { type Answer, type Dialect, dialects, pdf, pixel, type Question } from "./questions.ts";

/**
 * The table of docs/guide/dialects.md, cell by cell: each dialect on a model of each provider, whole and streamed. `native`: the
 * provider is asked in the dialect of the request; `translated`: in its own; `dropped`: the answer comes without it, and
 * `X-Warnings` names it; `refused`: a 400.
 */

const cloud = useStandardCloud();

const models: Readonly<Record<string, string>> = {
  OpenAI: "gpt-5",
  Anthropic: "claude-sonnet-4-6",
  Google: "gemini-3.1-pro-preview",
  xAI: "grok-4.3",
  OpenRouter: "moonshotai/kimi-k3.1-pro",
  MiniMax: "MiniMax-M3",
};

type Fate = "native" | "translated" | "dropped" | "refused";

const page = readFileSync(join(import.meta.dirname, "../../../docs/guide/dialects.md"), "utf8");
const cellsOf = (line: string): readonly string[] =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The page's table of a dialect: what becomes of each part on each provider. */
const tableOf = (dialect: string): readonly (readonly [part: string, provider: string, fate: Fate])[] => {
  const section = page.split(/^## /m).find((each) => each.startsWith(`${dialect}\n`)) ?? "";
  const [head = [], , ...rows] = section
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map(cellsOf);
  const providers = head.slice(1);
  expect(providers).toEqual(Object.keys(models));
  expect(rows.map(([part]) => part)).toEqual(Object.keys(parts));
  return rows.flatMap(([part = "", ...fates]) =>
    fates.map((fate, index) => [part, providers[index] ?? "", fate as Fate] as const),
  );
};

interface Part {
  readonly question: Omit<Question, "text">;
  /** For the simulated model. */
  readonly said?: string;
  readonly check: (answer: Answer, dialect: Dialect, fate: Fate) => void | Promise<void>;
  /** What has to be in the request that the provider gets. */
  readonly sends?: string;
}

const reads = (answer: Answer, { ends }: Dialect): void => {
  expect(answer.text).not.toBe("");
  expect(answer.end).toBe(ends.whole);
};

const parts: Readonly<Record<string, Part>> = {
  text: {
    question: {},
    said: "[[simulate: text=Grüße, 世界]]",
    check: (answer, dialect) => {
      reads(answer, dialect);
      expect(answer.text).toBe("Grüße, 世界");
    },
  },
  "parallel tools": {
    question: { tools: true },
    said: "Use get_weather and get_time for Bern.",
    check: async (answer, dialect) => {
      expect(answer.calls).toMatchObject([
        { name: "get_weather", input: { city: expect.any(String) } },
        { name: "get_time", input: { zone: expect.any(String) } },
      ]);
      expect(answer.end).toBe(dialect.ends.calls);
      reads(await answer.goOn("It is fine."), dialect);
    },
  },
  images: { question: { image: true }, sends: pixel, check: reads },
  documents: { question: { document: true }, sends: pdf, check: reads },
  "JSON schema": {
    question: { schema: true },
    // MiniMax is asked in the prompt, which simulated models do not follow.
    said: '[[simulate: text={"city":"Bern","population":1}]]',
    sends: "population",
    check: (answer) => expect(JSON.parse(answer.text)).toEqual({ city: "Bern", population: 1 }),
  },
  reasoning: {
    question: { reasoning: true, tools: true },
    said: "Use get_weather for Bern. [[simulate: reasoning=12]]",
    check: async (answer, dialect) => {
      expect(answer.calls.map(({ name }) => name)).toEqual(["get_weather"]);
      reads(await answer.goOn("It is fine."), dialect);
    },
  },
  refusals: {
    question: {},
    said: "[[simulate: refusal]]",
    check: (answer, { ends }) => {
      expect(answer.text).toMatch(/can't|cannot|unable|sorry|declin/i);
      expect([ends.refusal, "content_filter", "incomplete"]).toContain(answer.end);
    },
  },
  "cut-offs": {
    question: {},
    said: "[[simulate: finish=length]]",
    check: (answer, { ends }) => expect(answer.end).toBe(ends.cut),
  },
};

const partOf = (name: string): Part => {
  const part = parts[name];
  if (part === undefined) throw new Error(`No part is named ${name}`);
  return part;
};

/** The bytes that a provider gets, as JSON; base64 may stand with or without the head of a data: URL. */
const receivedBy = async (marker: string) => {
  const [request] = await cloud().providerRequests(marker);
  if (request === undefined) throw new Error("No provider was asked");
  return { path: request.path, text: JSON.stringify(request.body) };
};

const withoutEnd = (warnings: string): string =>
  warnings
    .split(", ")
    .filter((each) => each !== "" && !each.startsWith("model ("))
    .join(", ");

describe.each(Object.entries(dialects))("%s", (name, dialect) => {
  it.each(tableOf(name))("%s on %s: %s, whole and streamed", async (part, provider, fate) => {
    const { question, said = "Hello", check, sends } = partOf(part);
    for (const stream of [false, true]) {
      const marker = randomUUID();
      const asked = dialect.ask(cloud(), models[provider] ?? "", { ...question, text: `${marker} ${said}` }, stream);
      if (fate === "refused") {
        await expect(asked, `streamed: ${stream}`).rejects.toMatchObject({ status: 400 });
        continue;
      }
      const answer = await asked;
      const { path, text } = await receivedBy(marker);
      if (fate === "native") expect(path).toMatch(dialect.path);
      if (fate === "translated") expect(path).not.toMatch(dialect.path);
      if (fate === "dropped") {
        if (!stream) expect(withoutEnd(answer.warnings)).not.toBe("");
      } else if (sends !== undefined) expect(text).toContain(sends);
      await check(answer, dialect, fate);
    }
  });

  it.each(Object.entries(models))(
    "an error of %s is the SDK's own class, before and in the stream",
    async (_, model) => {
      const ask = (text: string, stream: boolean) => dialect.ask(cloud(), model, { text }, stream);
      await expect(ask("[[simulate: status=429]]", false)).rejects.toMatchObject({ status: 429 });
      await expect(ask("[[simulate: status=429]]", true)).rejects.toMatchObject({ status: 429 });
      // OpenAI's accumulator of responses hands a failed one out.
      const late = ask("[[simulate: chunks=6 error-event-after=3]]", true).then(({ end }) => end);
      if (name === "Responses") expect(await late).toBe("failed");
      else await expect(late).rejects.toBeInstanceOf(Error);
    },
  );
});
