import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startUnkey } from "#infra/local/unkey/server.ts";
import { apiId, rootKey, startTestUnkey, type TestUnkey } from "./unkey.ts";

describe("the Unkey stand-in over HTTP", () => {
  let unkey: TestUnkey;
  beforeAll(async () => {
    unkey = await startTestUnkey();
  });
  afterAll(() => unkey.close());

  const send = (body: string, headers: Record<string, string> = {}, path = "keys.verifyKey") =>
    fetch(`${unkey.url}/v2/${path}`, { method: "POST", headers, body });
  const authorization = `Bearer ${rootKey}`;

  it("puts a request id beside every answer, good or bad", async () => {
    const good = await unkey.post("apis.getApi", { apiId });
    expect(await good.json()).toEqual({
      meta: { requestId: expect.stringMatching(/^req_/) },
      data: { id: apiId, name: apiId },
    });
    const bad = await unkey.post("keys.getKey", { keyId: "key_unknown" });
    expect(await bad.json()).toEqual({
      meta: { requestId: expect.stringMatching(/^req_/) },
      error: {
        title: "Not Found",
        detail: expect.any(String),
        status: 404,
        type: "https://unkey.com/docs/errors/unkey/data/key_not_found",
      },
    });
  });

  it.each([
    ["no Authorization header", undefined, 400, "missing"],
    ["another scheme", "Basic dTpw", 400, "malformed"],
    ["another root key", "Bearer unkey_other", 401, "key_not_found"],
  ])("refuses %s", async (_, header, status, type) => {
    const response = await send("{}", { accept: "application/json", ...(header && { authorization: header }) });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { status, type: expect.stringMatching(`${type}$`) } });
  });

  it.each([
    ["application/json", "application/json"],
    ["application/problem+json", "application/problem+json"],
    ["*/*", "application/problem+json"],
  ])("answers an error to Accept: %s as %s", async (accept, contentType) => {
    const response = await send("{}", { authorization, accept });
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toBe(contentType);
  });

  it("says where a body is wrong, and never what was in it", async () => {
    const secret = "ck_secret";
    const response = await unkey.post("keys.verifyKey", {
      key: [secret],
      ratelimits: [{}],
      [secret.slice(0, 2)]: secret,
    });
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      error: {
        errors: expect.arrayContaining([
          { location: "body.key", message: expect.any(String) },
          { location: "body.ratelimits[0].name", message: expect.any(String) },
        ]),
      },
    });
    expect(text).not.toContain(secret);
  });

  it.each(["", "{", "[1", "nonsense"])("refuses the body %j as not JSON", async (body) => {
    const response = await send(body, { authorization });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { errors: [{ location: "body" }] } });
  });

  it("refuses a body over 1 MB and serves the next request", async () => {
    expect((await send(" ".repeat(1_100_000), { authorization })).status).toBe(413);
    expect((await unkey.verify("ck_unknown")).code).toBe("NOT_FOUND");
  });

  it("does not know other paths and methods", async () => {
    expect((await send("{}", { authorization }, "keys.migrateKeys")).status).toBe(404);
    expect((await fetch(`${unkey.url}/v2/keys.verifyKey`)).status).toBe(404);
  });

  it("tells anyone that it lives", async () => {
    const response = await fetch(`${unkey.url}/v2/liveness`);
    expect(await response.json()).toMatchObject({ data: { message: "OK" } });
  });
});

describe("the Unkey stand-in's data file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "unkey-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("keeps keys and identities over a restart, with what changed", async () => {
    const dataFile = join(folder, "new-folder", "unkey.json");
    const first = await startTestUnkey({ dataFile });
    const { key, keyId } = await first.createKey({ externalId: "user-1", credits: { remaining: 5 } });
    await first.call("identities.updateIdentity", { identity: "user-1", meta: { plan: "pro" } });
    await first.verify(key);
    const before = await first.call("keys.getKey", { keyId });
    await first.close();

    const second = await startTestUnkey({ dataFile });
    expect(await second.call("keys.getKey", { keyId })).toEqual(before);
    expect(await second.verify(key)).toMatchObject({
      code: "VALID",
      credits: 3,
      identity: { externalId: "user-1", meta: { plan: "pro" } },
    });
    await second.close();
  });

  it("holds a created key before it is answered, so that a crash loses none", async () => {
    const dataFile = join(folder, "crash.json");
    const crashed = await startTestUnkey({ dataFile });
    const keys = await Promise.all(Array.from({ length: 20 }, () => crashed.createKey()));
    // Another process reads what is on disk while the first has not closed.
    const next = await startTestUnkey({ dataFile });
    for (const { key } of keys) expect((await next.verify(key)).code).toBe("VALID");
    await next.close();
    await crashed.close();
  });

  it("holds hashes, never a key, is for its owner alone, and leaves nothing beside it", async () => {
    const dataFile = join(folder, "hashes", "unkey.json");
    const unkey = await startTestUnkey({ dataFile });
    const { key, keyId } = await unkey.createKey({ prefix: "ck" });
    const rerolled = (await unkey.call("keys.rerollKey", { keyId, expiration: 0 })) as { key: string };
    await unkey.close();
    const text = await readFile(dataFile, "utf8");
    for (const secret of [key, rerolled.key]) {
      expect(text).not.toContain(secret.slice("ck_".length));
      expect(text).toContain(secret.slice(0, 7));
    }
    expect((await stat(dataFile)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, "hashes"))).toEqual(["unkey.json"]);
  });

  it("is refused, not overwritten, when it is not one", async () => {
    const dataFile = join(folder, "broken.json");
    await writeFile(dataFile, "{}");
    await expect(startUnkey({ rootKey, apiId, dataFile })).rejects.toThrow(`${folder} (broken.json is not readable)`);
    expect(await readFile(dataFile, "utf8")).toBe("{}");
  });

  it("closing twice is harmless", async () => {
    const unkey = await startTestUnkey();
    await unkey.close();
    await unkey.close();
    await expect(fetch(`${unkey.url}/v2/liveness`)).rejects.toThrow();
  });

  it("says that the port is in use", async () => {
    const first = await startTestUnkey();
    const port = Number(new URL(first.url).port);
    await expect(startUnkey({ rootKey, apiId, port })).rejects.toMatchObject({ code: "EADDRINUSE" });
    await first.close();
  });
});
