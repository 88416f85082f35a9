import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fromUsd } from "#core/catalog/cost.ts";
import { tokenBound } from "#core/generation/token-bound.ts";
import { type Caller, type Play, useChatGateway } from "#tests/core/support/chat-gateway.ts";
import {
  type AskedBody,
  answerAsAnthropic,
  counted,
  floating,
  type GreedyRequest,
  greedyRequests,
  playGreedily,
  schema,
  words,
} from "#tests/core/support/greedy-provider.ts";
import { muteLog } from "#tests/core/support/lambda.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { linesOf, walkedBlock } from "#tests/support/directed-text.ts";
import { fc, longestMs, runs } from "#tests/support/property.ts";

/** The daily cap against a provider that always makes the most of a request. */

muteLog();

const capUsd = 5;
const maxOpen = 20;

describe.skipIf(!hasTables)(`The daily cap (${tablesName})`, () => {
  const gateway = useChatGateway();
  let billed = 0n;
  beforeAll(() => {
    process.env.DAILY_SPEND_CAP_USD = String(capUsd);
    process.env.MAX_OPEN_REQUESTS = String(maxOpen);
  });
  const play: Play = (response, request) =>
    playGreedily(response, request, (picoUsd) => {
      billed += picoUsd;
    });
  const spendOf = async (caller: Caller, wave: readonly GreedyRequest[]): Promise<bigint> => {
    billed = 0n;
    await Promise.all(wave.map(({ body }) => gateway().ask(caller, body, { "X-Cache": "no-cache" })));
    return billed;
  };
  beforeEach(() => {
    gateway().play = play;
  });

  it(
    "is never exceeded by more than a tenth, whatever mix of requests is sent at once, though the provider makes the most of each",
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(greedyRequests, { minLength: 4, maxLength: maxOpen }), { minLength: 1, maxLength: 3 }),
          async (waves) => {
            const caller = await gateway().createCaller();
            let spent = 0n;
            for (const wave of waves) spent += await spendOf(caller, wave);
            expect(spent).toBeLessThanOrEqual((fromUsd(capUsd) * 11n) / 10n);
          },
        ),
        { numRuns: runs(8), endOnFailure: true },
      );
    },
    longestMs(120_000),
  );

  it("is not exceeded by prompts made against the bound of their tokens, as many as may be open at once", async () => {
    const caller = await gateway().createCaller();
    const ratioOf = (text: string): number => tokenBound(text) / counted(text);
    const block = walkedBlock({ letters: "abcdefghijklmnopqrstuvwxyz", seed: 5, steps: 800, ratioOf });
    const body = {
      model: "gpt-5.5",
      max_tokens: 16,
      messages: [{ role: "user", content: linesOf(block, 500) }],
    };
    const wave = Array.from({ length: maxOpen }, () => ({ fate: "answers" as const, body }));
    expect(await spendOf(caller, wave)).toBeLessThanOrEqual((fromUsd(capUsd) * 11n) / 10n);
    expect(billed).toBeGreaterThan(fromUsd(capUsd) / 2n);
  });

  it("holds OpenRouter to hosts whose prices the reservation covers", async () => {
    const caller = await gateway().createCaller();
    const body = { model: floating, n: 16, max_tokens: 20_000, messages: [{ role: "user", content: words }] };
    const wave = Array.from({ length: maxOpen }, () => ({ fate: "answers" as const, body }));
    expect(await spendOf(caller, wave)).toBeLessThanOrEqual((fromUsd(capUsd) * 11n) / 10n);
    expect(billed).toBeGreaterThan(fromUsd(capUsd) / 2n);
    const sent = gateway().provider.requests.at(-1)?.body as AskedBody;
    // Twice the list price of 3 and 15 dollars.
    expect(sent.provider).toEqual({ max_price: { prompt: 6, completion: 30 } });
  });

  it("lets 20 ordinary chats without max_tokens run at once on the most expensive model", async () => {
    const caller = await gateway().createCaller();
    const body = { model: "claude-fable-5-1", messages: [{ role: "user", content: words.repeat(8) }] };
    const answers = await Promise.all(Array.from({ length: 20 }, () => gateway().ask(caller, body)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  });

  it("lets three coding agents with thinking run at once, clamped at worst", async () => {
    const caller = await gateway().createCaller();
    const tools = Array.from({ length: 16 }, (_, index) => ({
      type: "function",
      function: { name: `tool_${index}`, description: words.repeat(20), parameters: schema },
    }));
    const body = {
      model: "claude-fable-5-1",
      stream: true,
      max_tokens: 32_000,
      thinking: { type: "enabled", budget_tokens: 31_999 },
      messages: [
        { role: "system", content: words.repeat(300) },
        { role: "user", content: words.repeat(100) },
      ],
      tools,
    };
    const answers = await Promise.all(Array.from({ length: 3 }, () => gateway().ask(caller, body)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const sent = gateway()
      .provider.requests.slice(-3)
      .map(({ body: each }) => each as AskedBody & typeof body);
    for (const { max_tokens: limit, thinking } of sent) expect(thinking.budget_tokens).toBeLessThan(limit);
    expect(answers.some(({ headers }) => headers["x-warnings"]?.includes("max_tokens"))).toBe(true);
  });

  it("gives back at once what an answer did not use", async () => {
    const caller = await gateway().createCaller();
    gateway().play = (response, request) => {
      const asked = { ...(request.body as AskedBody), max_tokens: 10, max_completion_tokens: 10 };
      answerAsAnthropic(response, asked, false);
    };
    const body = { model: "claude-fable-5-1", max_tokens: 20_000, messages: [{ role: "user", content: words }] };
    for (let times = 0; times < 12; times++)
      expect((await gateway().ask(caller, body, { "X-Cache": "no-cache" })).status).toBe(200);
  });
});
