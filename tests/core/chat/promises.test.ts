import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Caller, saying, textOf, useChatGateway } from "#tests/core/support/chat-gateway.ts";
import { captureLog, muteLog } from "#tests/core/support/lambda.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { type FakeProvider, startFakeProvider } from "#tests/support/fake-provider.ts";

muteLog();

/** What other gateways get wrong and docs/quality/guarantees.md promises, where no other test says it. */
describe.skipIf(!hasTables)(`promises of chat completions (${tablesName})`, () => {
  const gateway = useChatGateway();
  let caller: Caller;
  let elsewhere: FakeProvider | undefined;
  beforeEach(async () => {
    caller = await gateway().createCaller();
  });
  afterEach(async () => {
    await elsewhere?.close();
    elsewhere = undefined;
  });
  const ask = (body: object, headers: Readonly<Record<string, string>> = {}) =>
    gateway().ask(caller, body, { "X-Cache": "no-cache", ...headers });

  it.each([true, false])("a guardrail's verdict never pays for another generation (stream %s)", async (stream) => {
    gateway().play = saying({ text: "Write to bob@example.com today" });
    const guardrails = { output: [{ type: "pii", action: "block" }] };
    const answer = await ask({ stream, guardrails, retries: 5, fallback: ["o3", "claude"] });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain("content_filter");
    expect(answer.text).not.toContain("bob@");
    expect(gateway().asked).toBe(1);
    expect(await gateway().usage(caller, answer)).toMatchObject({ status: "ok", attempts: [{ result: "ok" }] });
  });

  it.each([301, 302, 307, 308])(
    "a provider that redirects with a %i is not followed: no key goes elsewhere",
    async (status) => {
      elsewhere = await startFakeProvider((_, response) => void response.writeHead(200).end("{}"));
      const location = `${elsewhere.url}/v1/chat/completions`;
      gateway().play = (response) => void response.writeHead(status, { location }).end();
      const answer = await ask({});
      expect(answer.status).toBe(502);
      expect(elsewhere.requests).toEqual([]);
      expect(answer.text).not.toContain(elsewhere.url);
    },
  );

  it("a caller cannot say where a key is sent", async () => {
    const server = await startFakeProvider((_, response) => void response.writeHead(200).end("{}"));
    elsewhere = server;
    const { url } = server;
    const fields = { base_url: url, api_base: url, baseURL: url, endpoint: url, host: url, extra: { base_url: url } };
    const headers = { "X-Base-Url": url, "X-Provider-Url": url, "X-Forwarded-Host": new URL(url).host };
    const answer = await ask(fields, headers);
    expect(textOf(answer)).toBe("Hello to you");
    expect(server.requests).toEqual([]);
    expect(JSON.stringify(gateway().provider.requests.at(-1)?.headers)).not.toContain(url);
  });

  it("a model name that a caller made up is no dimension of a metric, and breaks no line of the log", async () => {
    const name = "made-up-0123456789";
    const { lines, text } = await captureLog(async () => {
      const answer = await ask({ model: `openai/${name}` });
      expect(answer.status).toBe(200);
      expect(await gateway().usage(caller, answer)).toMatchObject({ model: `openai/${name}` });
    });
    const metrics = lines.filter((line) => line._aws !== undefined);
    expect(metrics.length).toBeGreaterThan(0);
    expect(JSON.stringify(metrics)).not.toContain(name);
    expect(JSON.stringify(metrics)).toContain('"other"');
    expect(text.trimEnd().split("\n")).toHaveLength(lines.length);
    expect((await ask({ model: "openai/a\nb" })).status).toBe(400);
  });

  it("no key is in the log of a request that failed, though the provider quotes it", async () => {
    gateway().play = (response) =>
      void response
        .writeHead(401, { "content-type": "application/json" })
        .end(
          JSON.stringify({ error: { message: "Incorrect API key provided: sk-platform", code: "invalid_api_key" } }),
        );
    const { text } = await captureLog(async () => {
      const answer = await ask({});
      expect(answer.text).not.toContain("sk-platform");
    });
    expect(text).not.toContain("sk-platform");
    expect(text).not.toContain(caller.key);
  });
});
