import { beforeEach, describe, expect, it } from "vitest";
import { rowKeys } from "#core/db/row-keys.ts";
import { type PlainItem, putItem } from "#core/db/table.ts";
import { forgetDataKeys } from "#core/encryption/data-key.ts";
import { storeProviderKey } from "#core/provider-keys/provider-keys.ts";
import {
  type Caller,
  completionOf,
  dataOf,
  failing,
  type Play,
  saying,
  textOf,
  usage,
  useChatGateway,
  userMessage,
} from "#tests/core/support/chat-gateway.ts";
import { type Answer, muteLog } from "#tests/core/support/lambda.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { sse } from "#tests/support/fake-provider.ts";

muteLog();

const cacheOf = ({ headers }: Answer): string | undefined => headers["x-cache"];
const withUsage = { stream: true, stream_options: { include_usage: true } };
const tools = [{ type: "function", function: { name: "get_time", parameters: { type: "object", properties: {} } } }];

describe.skipIf(!hasTables)(`the cache of chat completions (${tablesName})`, () => {
  const gateway = useChatGateway();
  let caller: Caller;
  beforeEach(async () => {
    caller = await gateway().createCaller();
  });
  const ask = (body: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    gateway().ask(caller, body, headers);
  const lockOf = async (): Promise<readonly PlainItem[]> =>
    ((await gateway().rows("cache")) as readonly PlainItem[]).filter(
      ({ pk, sk }) => pk === `USER#${caller.userId}` && String(sk).endsWith("#LOCK"),
    );

  it.each([
    ["a completion", "a completion", {}, {}],
    ["a completion", "a stream", {}, { stream: true }],
    ["a stream", "a completion", { stream: true }, {}],
    ["a stream", "a stream", { stream: true }, { stream: true }],
  ])(
    "answers again, asked for %s and then for %s, without the provider and at cost 0",
    async (_, __, first, second) => {
      const miss = await ask(first);
      expect(cacheOf(miss)).toBe("MISS");
      const hit = await ask(second);
      expect(hit.status).toBe(200);
      expect(hit.headers).toMatchObject({
        "x-cache": "HIT",
        "x-attempts": "0",
        "x-model-used": miss.headers["x-model-used"],
        "x-provider-used": miss.headers["x-provider-used"],
      });
      expect(textOf(hit)).toBe("Hello to you");
      expect(gateway().asked).toBe(1);
      expect(await gateway().usage(caller, miss)).toMatchObject({ cacheHit: false, inputTokens: 10, outputTokens: 5 });
      expect(await gateway().usage(caller, hit)).toMatchObject({
        status: "ok",
        cacheHit: true,
        costPicoUsd: 0,
        attempts: [],
      });
    },
  );

  it("replays a stream byte for byte", async () => {
    const first = await ask({ stream: true });
    const again = await ask({ stream: true });
    expect(cacheOf(again)).toBe("HIT");
    expect(again.text).toBe(first.text);
    expect(again.headers["content-type"]).toBe(first.headers["content-type"]);
  });

  it("replays a completion as the very same JSON", async () => {
    const first = await ask();
    expect((await ask()).text).toBe(first.text);
  });

  it.each([{}, { stream: true }])(
    "tells usage on a replayed stream only to who asks for it (stored by %j)",
    async (stored) => {
      await ask(stored);
      const plain = await ask({ stream: true });
      expect(plain.text).not.toContain('"usage"');
      const told = await ask(withUsage);
      expect([cacheOf(plain), cacheOf(told)]).toEqual(["HIT", "HIT"]);
      const chunks = dataOf(told.text) as { id: string; model: string; choices: unknown[]; usage?: object }[];
      const last = chunks.at(-1);
      expect(last).toMatchObject({ choices: [], usage });
      expect(chunks.filter((chunk) => chunk.usage !== undefined && chunk.usage !== null)).toEqual([last]);
      // One stream is one answer: every chunk names the same.
      expect(new Set(chunks.map(({ id, model }) => `${id} ${model}`)).size).toBe(1);
      expect(told.text.endsWith("data: [DONE]\n\n")).toBe(true);
    },
  );

  it("tells the metered estimate where the provider told no usage", async () => {
    gateway().play = (response) => {
      const { usage: _, ...completion } = completionOf();
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(completion));
    };
    await ask();
    const told = await ask(withUsage);
    expect(cacheOf(told)).toBe("HIT");
    expect(dataOf(told.text).at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 3 } });
  });

  it("never serves one user what another asked, nor another question's answer", async () => {
    await ask();
    const other = await gateway().createCaller();
    expect(cacheOf(await gateway().ask(other, {}))).toBe("MISS");
    expect(cacheOf(await ask({ temperature: 0 }))).toBe("MISS");
    expect(cacheOf(await ask({ model: "o3" }))).toBe("MISS");
    expect(gateway().asked).toBe(4);
  });

  it("serves all keys of one user", async () => {
    await ask();
    const second = await gateway().createCaller(caller.userId);
    expect(cacheOf(await gateway().ask(second, {}))).toBe("HIT");
  });

  it("is passed by, and not filled, with X-Cache: no-cache and with tools", async () => {
    for (const [body, headers] of [
      [{}, { "X-Cache": "no-cache" }],
      [{ tools }, {}],
    ] as const) {
      for (let times = 0; times < 2; times++) expect(cacheOf(await ask(body, headers))).toBe("BYPASS");
    }
    expect(gateway().asked).toBe(4);
    expect((await gateway().rows("cache")).filter(({ pk }) => pk === `USER#${caller.userId}`)).toEqual([]);
  });

  const cut: Play = (response) => {
    const frame = dataOfFirst;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(frame, () => response.destroy());
  };
  const dataOfFirst = `data: ${JSON.stringify({
    id: "c",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta: { role: "assistant", content: "Half" }, finish_reason: null }],
  })}\n\n`;

  it.each<[string, Play, object]>([
    ["ended by its length", saying({ finish: "length" }), {}],
    ["ended by its length, streamed", saying({ finish: "length" }), { stream: true }],
    ["was filtered", saying({ finish: "content_filter" }), {}],
    ["ended in tool calls", saying({ finish: "tool_calls" }), { stream: true }],
    ["broke off", cut, { stream: true }],
    ["is an error", failing(500), {}],
    ["is over 300 KB", saying({ text: "x".repeat(310_000) }), {}],
    ["is over 300 KB, streamed", saying({ text: `${"x".repeat(1_000)} `.repeat(310) }), { stream: true }],
  ])("does not keep an answer that %s, and makes nobody wait for it", async (_, play, body) => {
    gateway().play = play;
    for (let times = 0; times < 2; times++) expect(cacheOf(await ask(body))).not.toBe("HIT");
    expect(gateway().asked).toBe(2);
    expect(
      (await gateway().rows("cache")).filter(
        ({ pk, sk }) => pk === `USER#${caller.userId}` && !String(sk).includes("#LOCK"),
      ),
    ).toEqual([]);
  });

  it.each([false, true])(
    "does not keep several answers of which one was cut by its length (stream %s)",
    async (stream) => {
      const finish = ["length", "stop"];
      gateway().play = (response) => {
        const choice = (index: number, part: object) => ({
          ...part,
          index,
          logprobs: null,
          finish_reason: finish[index],
        });
        if (!stream) {
          const choices = [0, 1].map((index) => choice(index, { message: { role: "assistant", content: "Hi" } }));
          response.writeHead(200, { "content-type": "application/json" });
          response.end(JSON.stringify({ ...completionOf(), choices }));
          return;
        }
        const chunk = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" };
        const say = { delta: { role: "assistant", content: "Hi" } };
        sse(response, [
          ...[0, 1].map((index) => ({ ...chunk, choices: [{ ...choice(index, say), finish_reason: null }] })),
          ...[0, 1].map((index) => ({ ...chunk, choices: [choice(index, { delta: {} })] })),
          "data: [DONE]\n\n",
        ]);
      };
      for (let times = 0; times < 2; times++) expect(cacheOf(await ask({ n: 2, stream }))).toBe("MISS");
      expect(gateway().asked).toBe(2);
    },
  );

  it("never stores a fallback's answer under the model that was asked for", async () => {
    gateway().play = (response, request) =>
      (request.body as { model: string }).model === "o3"
        ? saying({ text: "The fallback's" })(response, request)
        : failing(500)(response, request);
    const first = await ask({ fallback: ["o3"] });
    expect(first.headers).toMatchObject({ "x-cache": "MISS", "x-model-used": "o3", "x-attempts": "2" });
    gateway().play = saying();
    const second = await ask({ fallback: ["o3"] });
    expect(cacheOf(second)).toBe("MISS");
    expect(textOf(second)).toBe("Hello to you");
    expect(cacheOf(await ask({ model: "o3" }))).toBe("MISS");
  });

  it("tells targets of one model apart that name different provider keys", async () => {
    for (const slug of ["first", "second"]) {
      await storeProviderKey(caller.userId, {
        provider: "openai",
        slug,
        displayName: slug,
        apiKey: `sk-${slug}-0123456789`,
      });
    }
    const balanced = (provider_key?: string) => ({
      load_balance: { strategy: "weighted", targets: [{ model: "gpt", provider_key }] },
    });
    const ways = [balanced(), balanced("first"), balanced("second")];
    for (const way of ways) expect(cacheOf(await ask(way))).toBe("MISS");
    for (const way of ways) expect(cacheOf(await ask(way))).toBe("HIT");
    // The same key by the header is the same answer.
    expect(cacheOf(await ask({}, { "X-Provider-Key": "first" }))).toBe("HIT");
  });

  it("gives back the lock that it took beside a hit", async () => {
    await ask();
    const [lock] = await lockOf();
    // It lingers for a moment after an answer was stored.
    await putItem("cache", { ...lock, pk: String(lock?.pk), sk: String(lock?.sk), expiresAt: 1 });
    expect(cacheOf(await ask())).toBe("HIT");
    expect(await lockOf()).toEqual([]);
  });

  it("asks the provider once for twenty who ask the same at once", async () => {
    // A key that was verified a moment ago passes on a machine where twenty at once make Unkey slow.
    await ask({ seed: 1 });
    gateway().dynamoDb.reset();
    const before = gateway().asked;
    const asked = Promise.withResolvers<void>();
    gateway().play = async (response, request) => {
      await asked.promise;
      await saying()(response, request);
    };
    const asking = Array.from({ length: 20 }, (_, index) => ask({ stream: index % 2 === 0 }));
    // All but one have looked for the lock in vain before the provider answers.
    await expect.poll(async () => countOf("PutItem", "#LOCK"), { timeout: 15_000 }).toBeGreaterThanOrEqual(20);
    asked.resolve();
    const answers = await Promise.all(asking);
    expect(answers.map(({ status, text }) => (status === 200 ? "" : text)).join("")).toBe("");
    expect(answers.map(textOf)).toEqual(Array(20).fill("Hello to you"));
    expect(answers.filter((answer) => cacheOf(answer) === "MISS")).toHaveLength(1);
    expect(gateway().asked - before).toBe(1);
  });

  const countOf = (operation: string, text: string): number =>
    gateway().dynamoDb.requests.filter((request) => operationOf(request) === operation && request.body.includes(text))
      .length;

  it("lets one who waited ask when the first one failed", async () => {
    const asked = Promise.withResolvers<void>();
    gateway().play = async (response, request) => {
      await asked.promise;
      await (gateway().asked === 1 ? failing(500) : saying())(response, request);
    };
    const asking = [ask(), ask(), ask()];
    await expect.poll(() => countOf("PutItem", "#LOCK")).toBeGreaterThanOrEqual(3);
    asked.resolve();
    const answers = await Promise.all(asking);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 502]);
    expect(gateway().asked).toBe(2);
  });

  it("holds no lock after a request that was refused: neither by admission nor for a provider key that is not there", async () => {
    expect((await ask({}, { "X-Provider-Key": "missing" })).status).toBe(400);
    expect(await lockOf()).toEqual([]);
    const row = rowKeys.admission(caller.userId);
    gateway().dynamoDb.intercept = (request) =>
      operationOf(request) === "UpdateItem" && request.body.includes(row.sk)
        ? {
            kind: "answer",
            status: 400,
            body: '{"__type":"x#ConditionalCheckFailedException","Item":{"disabledAt":{"N":"1"}}}',
          }
        : undefined;
    expect((await ask()).status).toBe(401);
    gateway().dynamoDb.intercept = () => undefined;
    expect(await lockOf()).toEqual([]);
  });

  it.each([false, true])("goes on without KMS as without a cache (stream %s)", async (stream) => {
    await ask({ stream });
    gateway().kms.intercept = () => ({ kind: "reset" });
    forgetDataKeys();
    const other = await gateway().createCaller();
    for (const who of [caller, other]) {
      const answer = await gateway().ask(who, { stream });
      expect(answer.status).toBe(200);
      expect(textOf(answer)).toBe("Hello to you");
    }
  });

  it("keeps logprobs and reasoning, whichever way an answer was stored and is asked for", async () => {
    const logprobs = { content: [{ token: "Hi", logprob: -0.1, bytes: [72, 105], top_logprobs: [] }], refusal: null };
    gateway().play = (response, { body }) => {
      if ((body as { stream?: boolean }).stream !== true) {
        const message = { role: "assistant", content: "Hi", refusal: null, reasoning_content: "Hm." };
        const choices = [{ index: 0, message, logprobs, finish_reason: "stop" }];
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ ...completionOf(), choices }));
        return;
      }
      const chunk = (delta: object, extra: object = {}) => ({
        id: "c",
        object: "chat.completion.chunk",
        created: 1,
        model: "m",
        choices: [{ index: 0, delta, logprobs: null, finish_reason: null, ...extra }],
      });
      sse(response, [
        chunk({ role: "assistant", content: "", reasoning_content: "Hm" }),
        chunk({ reasoning_content: "." }),
        chunk({ content: "Hi" }, { logprobs }),
        chunk({}, { finish_reason: "stop" }),
        "data: [DONE]\n\n",
      ]);
    };
    const question = (text: string) => ({ logprobs: true, messages: [userMessage(text)] });
    await ask({ ...question("streamed"), stream: true });
    const whole = await ask(question("streamed"));
    expect(cacheOf(whole)).toBe("HIT");
    expect(JSON.parse(whole.text)).toMatchObject({
      choices: [
        {
          message: { role: "assistant", content: "Hi", reasoning_content: "Hm." },
          logprobs: { content: [{ token: "Hi" }] },
        },
      ],
    });
    await ask(question("whole"));
    const streamed = await ask({ ...question("whole"), stream: true });
    expect(cacheOf(streamed)).toBe("HIT");
    expect(dataOf(streamed.text)[0]).toMatchObject({
      choices: [{ delta: { content: "Hi", reasoning_content: "Hm." }, logprobs: { content: [{ token: "Hi" }] } }],
    });
  });
});
