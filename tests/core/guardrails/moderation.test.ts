import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { forgetModerationClient, moderate } from "#core/guardrails/moderation.ts";
import { useProviders } from "#tests/infra/local/providers/harness.ts";
import { type FakeProvider, startFakeProvider } from "#tests/support/fake-provider.ts";

const { providers } = useProviders();
const { signal } = new AbortController();
let fake: FakeProvider | undefined;

const pointAt = (baseUrl: string): void => {
  process.env.OPENAI_BASE_URL = baseUrl;
};

process.env.SST_RESOURCE_OpenaiApiKey = JSON.stringify({ value: "a-test-key" });

beforeEach(() => forgetModerationClient());
afterEach(async () => {
  await fake?.close();
  fake = undefined;
  delete process.env.OPENAI_BASE_URL;
});

describe("the moderation", () => {
  it("names the categories of each text, through OpenAI's own client", async () => {
    pointAt(providers().baseUrls.openai ?? "");
    expect(await moderate(["good morning", "", "murder them"], signal)).toEqual([[], [], ["violence"]]);
  });

  it("asks for omni-moderation-latest about parts of a long text that overlap, and joins the verdicts", async () => {
    fake = await startFakeProvider(({ body }, response) => {
      const { input } = body as { input: string[] };
      const results = input.map((text) => ({ categories: { violence: text.includes("HARM"), hate: false } }));
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ results }));
    });
    pointAt(`${fake.url}/v1`);
    const long = `${"a".repeat(7_999)}HARM${"b".repeat(12_000)}`;
    expect(await moderate([long, "fine"], signal)).toEqual([["violence"], []]);
    const [request] = fake.requests;
    expect(request?.path).toBe("/v1/moderations");
    const { model, input } = (request?.body ?? {}) as { model: string; input: string[] };
    expect(model).toBe("omni-moderation-latest");
    expect(input.every((part) => part.length <= 8_000)).toBe(true);
    expect(input.some((part) => part.includes("HARM"))).toBe(true);
  });

  it.each([
    ["refuses the key", 401],
    ["breaks", 500],
    ["answers another number of texts", 200],
  ])("is SERVICE_UNAVAILABLE when OpenAI %s, and the error has nothing of the text", async (_, status) => {
    fake = await startFakeProvider((_request, response) => {
      const body = status === 200 ? { results: [] } : { error: { message: "about SOME TEXT" } };
      response
        .writeHead(status, { "content-type": "application/json", "x-should-retry": "false" })
        .end(JSON.stringify(body));
    });
    pointAt(`${fake.url}/v1`);
    const error = await moderate(["SOME TEXT"], signal).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "SERVICE_UNAVAILABLE", details: { guardrail: "content_moderation" } });
    const { message, cause } = error as Error;
    expect(`${message} ${String(cause)}`).not.toContain("SOME TEXT");
  });

  it("asks nobody about nothing", async () => {
    expect(await moderate(["", "  "], signal)).toEqual([[], []]);
  });
});
