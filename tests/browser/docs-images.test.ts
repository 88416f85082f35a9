import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, test } from "vitest";
import { models } from "#core/catalog/models.ts";
import { toOpenAiModel } from "#core/catalog/to-openai-model.ts";
import { councilTranscript } from "#core/openapi/council-transcript.ts";
import { browserTimeout, hasChromium, useChromium } from "./support/chromium.ts";
import { type Answers, fakeApi, ok } from "./support/fake-api.ts";
import { usePageServer } from "./support/page-server.ts";
import { keys, requests, usage } from "./support/sample-data.ts";

/** Makes the images of README and docs again: `DOCS_IMAGES=1 npx vitest run tests/browser/docs-images.test.ts`. */

const folder = join(import.meta.dirname, "../../docs/images");

const question = "Stream a chat completion with the OpenAI SDK. Short, please.";
const answer = `Point the SDK at the gateway and iterate over the stream:

\`\`\`ts
import OpenAI from "openai";

const client = new OpenAI({ baseURL: "https://api.example.com/api/v1", apiKey: process.env.CK_KEY });
const stream = await client.chat.completions.create({
  model: "claude",
  messages: [{ role: "user", content: "Why is the sky blue?" }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");
\`\`\`

The same code reaches **every model**: only the name changes.`;

const stream = (served: string, text: string): Exclude<Answers[string], (...input: never) => unknown> => ({
  status: 200,
  headers: { "content-type": "text/event-stream", "x-model-used": served, "x-provider-used": "anthropic" },
  text: [
    { choices: [{ delta: { content: text } }] },
    { choices: [{ delta: {}, finish_reason: "stop" }] },
    { choices: [], usage: { prompt_tokens: 21, completion_tokens: 148 } },
  ]
    .map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)
    .concat("data: [DONE]\n\n")
    .join(""),
});

const listed = models.map((model) => toOpenAiModel(model));
const names = ["gpt-5.2", "claude-sonnet-4-6", "gemini-3-pro", "grok-4.7", "deepseek/deepseek-v3.2"];
const days = Array.from({ length: 30 }, (_, index) =>
  new Date(Date.now() - (29 - index) * 86_400_000).toISOString().slice(0, 10),
);
const byModelAndDay = Object.fromEntries(
  names.map((name, rank) => [
    name,
    Object.fromEntries(
      days.map((day, index) => {
        const count = Math.round((90 - rank * 16) * (1 + 0.5 * Math.sin(index / 3 + rank)) + index);
        return [
          day,
          { requests: count, tokens: count * 900, cost: count * 0.004, errors: count % 3, latency: { "8": count } },
        ];
      }),
    ),
  ]),
);
const log = Array.from({ length: 12 }, (_, index) => ({
  ...requests[index % 5 === 3 ? 2 : index % 2],
  id: `req_0199c0de-7000-7000-8000-0000000000${String(10 + index)}`,
  model: names[index % names.length],
  startedAt: new Date(Date.now() - index * 47_000).toISOString(),
  costUsd: 0.0009 * (1 + ((index * 7) % 11)),
}));
const fallback = { ...requests[1], id: log[1]?.id };

const answers: Answers = {
  "GET v1/models": ok(listed),
  "GET v1/keys": ok([
    keys[0],
    { ...keys[1], name: "Evaluation", enabled: true },
    { ...keys[0], keyId: "key_9", name: "Claude Code", start: "ck_Zz90", budget: null, allowedModels: null },
  ]),
  "GET v1/limits": ok({}),
  "GET v1/usage": ({ url }) =>
    ok({
      ...usage,
      totalCost: 27.41,
      ...(url.searchParams.has("series")
        ? { series: { interval: "day", byModel: byModelAndDay, nextCursor: null } }
        : {}),
    }),
  "GET v1/requests": ok({ requests: log, nextCursor: "older" }),
  [`GET v1/requests/${fallback.id}`]: ok({ ...fallback, generations: [fallback] }),
  "POST v1/chat/completions": stream("claude-sonnet-4-6", answer),
  "POST v1/council": { status: 200, headers: { "content-type": "text/event-stream" }, text: councilTranscript },
};

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly colorScheme?: "dark" | "light";
  readonly act: (page: Page) => Promise<void>;
}

const pictures: readonly Picture[] = [
  {
    name: "playground",
    path: "playground",
    act: async (page) => {
      await page.getByLabel("Message").fill(question);
      await page.keyboard.press("Enter");
      await page.locator(".code-keyword").first().waitFor();
    },
  },
  {
    name: "models",
    path: "playground",
    colorScheme: "dark",
    act: async (page) => {
      await page.getByRole("button", { name: /^Model: / }).click();
      await page.getByRole("combobox").fill("reasoning images");
    },
  },
  {
    name: "arena",
    path: "arena",
    act: async (page) => {
      await page.getByLabel("Question").fill("What is 17 times 23?");
      await page.getByRole("button", { name: "Start" }).click();
      await page.getByRole("region", { name: "Result" }).waitFor();
    },
  },
  {
    name: "requests",
    path: `requests?id=${fallback.id}`,
    act: async (page) => page.getByRole("region", { name: "Attempts" }).waitFor(),
  },
  { name: "usage", path: "usage", act: async (page) => page.getByText("Estimated cost").first().waitFor() },
  {
    name: "keys",
    path: "keys",
    colorScheme: "dark",
    act: async (page) => page.getByRole("region", { name: "Your keys" }).waitFor(),
  },
];

describe.skipIf(!hasChromium || process.env.DOCS_IMAGES === undefined)(
  "The images of README and docs",
  browserTimeout,
  () => {
    const open = useChromium();
    const url = usePageServer();

    test.each(pictures)("$name", async ({ name, path, colorScheme, act }) => {
      const { page } = await open({
        viewport: { width: 1280, height: 800 },
        reducedMotion: "reduce",
        colorScheme: colorScheme ?? "light",
      });
      await fakeApi(page, answers);
      await page.goto(`${url()}/dashboard/${path}`);
      await act(page);
      await page.mouse.move(0, 0);
      await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
      await page.screenshot({ path: join(folder, `${name}.png`) });
    });
  },
);
