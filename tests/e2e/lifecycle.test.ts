import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestCloud } from "#tests/support/cloud.ts";
import { chat, frames, openAi, openChat, readRest, readUntil, send, textParts, user } from "./client.ts";

const model = "gpt-4o-mini";
const slowly = (chunks: number) => ({
  model,
  stream: true,
  messages: [user(`Hello [[simulate: chunks=${chunks} chunk-delay-ms=40]]`)],
});

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Two starts and two ends, on a machine that may be busy. */
const twoStartsMs = 90_000;

describe("the local cloud", { timeout: twoStartsMs }, () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "concurred-e2e-kept-"));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  it("ends an open stream whole when it is stopped, exits 0, and keeps key and usage for the next start", async () => {
    const first = await TestCloud.start({ dataDir, builds: true });
    const { apiKey, userId, ready } = first;
    expect(ready.pid).toBeGreaterThan(0);
    const response = await openChat(first, slowly(25));
    const requestId = response.headers.get("x-request-id") ?? "";
    const parts = textParts(response);
    const begun = await readUntil(parts, (text) => text.includes('"content"'));
    expect(begun).not.toContain("[DONE]");
    const stopped = first.stop("SIGTERM");
    const rest = await readRest(parts);
    expect(frames(rest).at(-1)).toBe("[DONE]");
    expect(await stopped).toBe(0);
    expect(await exists(join(dataDir, "ready.json"))).toBe(false);
    await expect(fetch(`${ready.url}/api/health`)).rejects.toThrow();

    const second = await TestCloud.start({ dataDir, builds: true });
    try {
      expect(second.apiKey).toBe(apiKey);
      expect(second.ready.user).toEqual(ready.user);
      expect(second.userId).toBe(userId);
      expect((await chat(second, { model, messages: [user("Hello")] })).status).toBe(200);
      // What was settled while it was stopping is there too.
      expect(await second.usage(userId, requestId)).toMatchObject({ status: "ok", estimated: false });
      expect((await second.admission(userId)).open).not.toContain(requestId);
    } finally {
      expect(await second.stop("SIGINT")).toBe(0);
    }
  });

  it("says how to go on when its port is taken, and exits 1", async () => {
    const first = await TestCloud.start();
    try {
      const port = new URL(first.url).port;
      const { exitCode, stderr } = await TestCloud.startInVain({ env: { PORT: port } });
      expect(exitCode).toBe(1);
      expect(stderr).toContain(`Port ${port} is taken`);
      expect(stderr).toMatch(/PORT=\d+ npm start/);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect((await send(`${first.url}/api/health`)).status).toBe(200);
    } finally {
      await first.stop();
    }
  });
});

describe("behind a stage prefix", () => {
  let cloud: TestCloud;
  beforeAll(async () => {
    cloud = await TestCloud.start({ flags: ["--stage", "local"] });
  });
  afterAll(() => cloud?.stop());

  it("every path is served under it, by the SDK too", async () => {
    expect(cloud.url).toMatch(/\/local$/);
    expect((await send(`${cloud.url}/api/health`)).status).toBe(200);
    const client = openAi(cloud);
    expect((await client.models.retrieve("deepseek/deepseek-v3.2")).id).toBe("deepseek/deepseek-v3.2");
    const stream = await client.chat.completions.create({
      model: "claude",
      stream: true,
      messages: [user("Hello [[simulate: text=Through the stage]]")],
    });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("Through the stage");
  });

  it("errors are ours within it, and API Gateway's own outside", async () => {
    expect((await send(`${cloud.url}/api/v1/nothing`)).error().code).toBe("NOT_FOUND");
    expect((await send(`${cloud.url}/api/v1/models`, { method: "DELETE" })).headers.get("allow")).toBe("GET, HEAD");
    const outside = await send(`${new URL(cloud.url).origin}/api/health`);
    expect(outside.status).toBe(403);
  });

  it("a running request is cancelled under it", async () => {
    const response = await openChat(cloud, slowly(300));
    const parts = textParts(response);
    await readUntil(parts, (text) => text.includes('"content"'));
    const cancelled = await send(`${cloud.baseUrl}/requests/${response.headers.get("x-request-id")}/cancel`, {
      method: "POST",
      headers: { authorization: `Bearer ${cloud.apiKey}` },
    });
    expect(cancelled.status).toBe(202);
    expect(await readRest(parts)).not.toContain("[DONE]");
  });
});
