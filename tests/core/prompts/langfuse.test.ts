import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { applyPrompt, renderPrompt } from "#core/prompts/langfuse.ts";
import { PromptCache } from "#core/prompts/prompt-cache.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { type LangfuseServer, startLangfuse } from "#infra/local/langfuse/server.ts";
import { type Relay, startRelay } from "#tests/core/support/relay.ts";

const keys = { publicKey: "pk-lf-test", secretKey: "sk-lf-test" };
process.env.SST_RESOURCE_LangfusePublicKey = JSON.stringify({ value: keys.publicKey });
process.env.SST_RESOURCE_LangfuseSecretKey = JSON.stringify({ value: keys.secretKey });

const { signal } = new AbortController();
const second = 1_000;
const hour = 3_600 * second;

let langfuse: LangfuseServer;
let relay: Relay;
let nowMs = 0;
let prompts: PromptCache;

beforeAll(async () => {
  langfuse = await startLangfuse(keys);
  relay = await startRelay(langfuse.url);
  process.env.LANGFUSE_BASE_URL = relay.url;
});
afterAll(async () => {
  await relay.close();
  await langfuse.close();
  delete process.env.LANGFUSE_BASE_URL;
});
beforeEach(() => {
  nowMs = 1_000 * hour;
  prompts = new PromptCache(() => nowMs);
});
afterEach(() => relay.reset());

const addPrompt = async (body: object): Promise<void> => {
  const { status } = await fetch(`${langfuse.url}/api/public/v2/prompts`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Basic ${Buffer.from(`${keys.publicKey}:${keys.secretKey}`).toString("base64")}`,
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  expect(status).toBe(201);
};

const render = (promptId: string, variables = {}, version?: number | string) =>
  renderPrompt({ promptId, version, variables, signal }, prompts);
const support = { company: "Acme", tone: "kind" };
const unavailable = () => ({ kind: "answer", status: 503, body: "{}" }) as const;

describe("a prompt of Langfuse", () => {
  it("is the version with the label production, with its variables filled in", async () => {
    expect(await render("support-reply", support)).toEqual({
      promptId: "support-reply",
      version: 2,
      stale: false,
      before: [{ role: "system", content: "You answer customers of Acme in a kind tone, in at most three sentences." }],
      after: [],
    });
    expect(relay.requests[0]?.path).toBe("/api/public/v2/prompts/support-reply?label=production");
  });

  it.each([
    [1, 1],
    ["1", 1],
    ["latest", 2],
  ])("has the version that is asked for: %j", async (asked, version) => {
    expect((await render("support-reply", support, asked)).version).toBe(version);
  });

  it("may be a chat, whose placeholder is the place of the request's messages", async () => {
    await addPrompt({
      name: "folder/wrapped",
      type: "chat",
      labels: ["production"],
      prompt: [
        { role: "system", content: "About {{topic}}" },
        { type: "placeholder", name: "history" },
        { role: "user", content: "Now {{ topic }}!" },
      ],
    });
    const request = chatRequestSchema.parse({
      model: "gpt",
      messages: [{ role: "user", content: "hi {{topic}}" }],
      prompt_id: "folder/wrapped",
      prompt_variables: { topic: "{{topic}}", unused: 1 },
    });
    const applied = await applyPrompt(request, signal, prompts);
    expect(applied.prompt).toEqual({ promptId: "folder/wrapped", version: 1, stale: false });
    expect(applied.request).toEqual({
      model: "gpt",
      messages: [
        { role: "system", content: "About {{topic}}" },
        // What the caller wrote is never filled in, nor is a value.
        { role: "user", content: "hi {{topic}}" },
        { role: "user", content: "Now {{topic}}!" },
      ],
    });
  });

  it("puts numbers and booleans in as they are written", async () => {
    await addPrompt({ name: "numbers", prompt: "{{a}} {{b}} {{ not a variable }} {{{c}}}", labels: ["production"] });
    const { before } = await render("numbers", { a: 1.5, b: false, c: "$& $1" });
    expect(before[0]?.content).toBe("1.5 false {{ not a variable }} {$& $1}");
  });

  it("needs every variable: the error names them", async () => {
    await expect(render("support-reply", { company: "Acme" })).rejects.toMatchObject({
      code: "BAD_REQUEST",
      status: 400,
      param: "prompt_variables.tone",
      details: { missing: ["tone"] },
    });
    // What every object has is no value.
    await addPrompt({ name: "inherited", prompt: "{{constructor}}", labels: ["production"] });
    await expect(render("inherited", {})).rejects.toMatchObject({ param: "prompt_variables.constructor" });
  });

  it.each([
    ["a name", "nowhere", undefined],
    ["a version", "support-reply", 99],
    ["a label", "support-reply", "nightly"],
  ])("that Langfuse does not have is a 400 for prompt_id: %s", async (_, name, version) => {
    await expect(render(name, support, version)).rejects.toMatchObject({
      code: "BAD_REQUEST",
      status: 400,
      param: "prompt_id",
    });
  });

  it("with two placeholders or an unknown role is a 400: a request has one list of messages", async () => {
    const holder = { type: "placeholder", name: "a" };
    await addPrompt({ name: "two", type: "chat", prompt: [holder, holder], labels: ["production"] });
    await addPrompt({ name: "odd", type: "chat", prompt: [{ role: "robot", content: "" }], labels: ["production"] });
    await expect(render("two")).rejects.toMatchObject({ code: "BAD_REQUEST", param: "prompt_id" });
    await expect(render("odd")).rejects.toMatchObject({ code: "BAD_REQUEST", param: "prompt_id" });
  });

  it("is not asked for when a request names none, and its fields need a name", async () => {
    const request = chatRequestSchema.parse({ model: "gpt", messages: [{ role: "user", content: "hi" }] });
    expect(await applyPrompt(request, signal, prompts)).toEqual({ request, prompt: undefined });
    await expect(applyPrompt({ ...request, prompt_version: 1 }, signal, prompts)).rejects.toMatchObject({
      code: "BAD_REQUEST",
      param: "prompt_version",
    });
  });
});

describe("the copies of prompts", () => {
  it("serve for a minute without asking, then are asked for again", async () => {
    await render("support-reply", support);
    nowMs += 59 * second;
    await render("support-reply", support);
    expect(relay.requests).toHaveLength(1);
    nowMs += 2 * second;
    await render("support-reply", support);
    expect(relay.requests).toHaveLength(2);
  });

  it("are asked for once by requests at the same time", async () => {
    await Promise.all(Array.from({ length: 8 }, () => render("support-reply", support)));
    expect(relay.requests).toHaveLength(1);
  });

  it("follow a label that moved, once their minute is over", async () => {
    await addPrompt({ name: "moving", prompt: "one", labels: ["production"] });
    expect((await render("moving")).version).toBe(1);
    await addPrompt({ name: "moving", prompt: "two", labels: ["production"] });
    nowMs += 61 * second;
    expect((await render("moving")).version).toBe(2);
  });

  it.each([
    ["answers 503", unavailable],
    ["refuses the keys", () => ({ kind: "answer", status: 401, body: "{}" }) as const],
    ["resets the connection", () => ({ kind: "reset" }) as const],
    ["answers what is no prompt", () => ({ kind: "answer", status: 200, body: '{"type":"text"}' }) as const],
    ["answers no JSON", () => ({ kind: "answer", status: 200, body: "<html>" }) as const],
  ])("serve up to a day when Langfuse %s", async (_, fault) => {
    await render("support-reply", support);
    relay.intercept = fault;
    nowMs += 23 * hour;
    expect(await render("support-reply", support)).toMatchObject({ version: 2, stale: true });
    nowMs += 2 * hour;
    await expect(render("support-reply", support)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE", status: 503 });
  });

  it("leave Langfuse alone for ten seconds after a failure, and come back to it", async () => {
    await render("support-reply", support);
    relay.intercept = unavailable;
    nowMs += 61 * second;
    await render("support-reply", support);
    const asked = relay.requests.length;
    nowMs += 9 * second;
    await render("support-reply", support);
    expect(relay.requests).toHaveLength(asked);
    relay.reset();
    nowMs += 2 * second;
    expect((await render("support-reply", support)).stale).toBe(false);
  });

  it("are SERVICE_UNAVAILABLE where there is none, also while Langfuse is left alone", async () => {
    relay.intercept = unavailable;
    for (let turn = 0; turn < 2; turn += 1) {
      await expect(render("support-reply", support)).rejects.toMatchObject({
        code: "SERVICE_UNAVAILABLE",
        param: "prompt_id",
      });
    }
    expect(relay.requests).toHaveLength(1);
  });

  it("are forgotten once Langfuse says that the prompt is gone", async () => {
    await render("support-reply", support);
    relay.intercept = () => ({ kind: "answer", status: 404, body: "{}" });
    nowMs += 61 * second;
    await expect(render("support-reply", support)).rejects.toMatchObject({ code: "BAD_REQUEST" });
    relay.intercept = unavailable;
    await expect(render("support-reply", support)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
  });

  it("do not make a request wait that was cancelled", async () => {
    relay.intercept = () => ({ kind: "hang" });
    const cancelled = new AbortController();
    const rendering = renderPrompt(
      { promptId: "support-reply", variables: support, signal: cancelled.signal },
      prompts,
    );
    cancelled.abort(new Error("cancelled"));
    await expect(rendering).rejects.toThrow("cancelled");
  });
});
