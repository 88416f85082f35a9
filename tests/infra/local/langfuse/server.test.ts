import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LangfuseServer, startLangfuse } from "#infra/local/langfuse/server.ts";

const keys = { publicKey: "pk-lf-test", secretKey: "sk-lf-test" };
const authorization = `Basic ${Buffer.from("pk-lf-test:sk-lf-test").toString("base64")}`;

let folder: string;
let server: LangfuseServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "langfuse-"));
  server = await startLangfuse({ ...keys, dataFile: join(folder, "langfuse.json") });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const call = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(`${server.url}/api/public/v2/prompts${path}`, {
    headers: { authorization, "content-type": "application/json" },
    signal: AbortSignal.timeout(10_000),
    ...init,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const post = (body: unknown) => call("", { method: "POST", body: JSON.stringify(body) });

describe("the stand-in of Langfuse", () => {
  it("serves its demo prompts by version, by label, and by the label production without either", async () => {
    expect((await call("/support-reply")).body).toMatchObject({
      type: "text",
      version: 2,
      labels: ["production", "latest"],
    });
    expect((await call("/support-reply?version=1")).body).toMatchObject({ version: 1, labels: [] });
    expect((await call("/translate?label=staging")).body).toMatchObject({ type: "chat", version: 2 });
  });

  it("answers as Langfuse does when there is no such prompt", async () => {
    expect(await call("/nowhere")).toEqual({
      status: 404,
      body: { message: "Prompt not found: 'nowhere' with label 'production'", error: "LangfuseNotFoundError" },
    });
    expect((await call("/support-reply?version=one")).status).toBe(400);
  });

  it("asks for its keys", async () => {
    expect((await call("/support-reply", { headers: {} })).status).toBe(401);
    expect((await call("/support-reply", { headers: { authorization: "Basic eDp5" } })).status).toBe(401);
  });

  it("takes new versions, moves labels to them, and keeps them between runs", async () => {
    expect((await post({ name: "a/b", prompt: "one", labels: ["production"] })).body).toMatchObject({ version: 1 });
    expect((await post({ name: "a/b", prompt: "two", labels: ["production"] })).body).toMatchObject({ version: 2 });
    await server.close();
    server = await startLangfuse({ ...keys, dataFile: join(folder, "langfuse.json") });
    expect((await call(`/${encodeURIComponent("a/b")}`)).body).toMatchObject({ prompt: "two", version: 2 });
    expect((await call(`/${encodeURIComponent("a/b")}?version=1`)).body).toMatchObject({ prompt: "one", labels: [] });
  });

  it("refuses what is no prompt", async () => {
    expect((await post({ name: "", prompt: "x" })).status).toBe(400);
    expect((await post({ name: "x", type: "chat", prompt: "text" })).status).toBe(400);
    expect((await call("", { method: "POST", body: "{" })).status).toBe(400);
    expect((await call("/x", { method: "DELETE" })).status).toBe(405);
  });
});
