import { once } from "node:events";
import { createServer } from "node:http";
import { Unkey } from "@unkey/api";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Relay, startRelay } from "#tests/core/support/relay.ts";

/** The verifyKey request on the hot path, held against the one that Unkey's own SDK sends. */

const rootKey = "unkey_root_secret";
const verdict = JSON.stringify({ meta: { requestId: "r" }, data: { valid: true, code: "VALID", keyId: "key_1" } });
const asked = { key: "ck_1", limit: undefined, tags: [] };

/** `config` reads the URL once, so that each server needs a module of its own. */
const verifierAt = async (url: string) => {
  vi.resetModules();
  process.env.UNKEY_URL = url;
  process.env.SST_RESOURCE_UnkeyRootKey = JSON.stringify({ value: rootKey });
  return import("#core/auth/unkey-verify.ts");
};

describe("verifyWithUnkey", () => {
  let relay: Relay;
  let port: Awaited<ReturnType<typeof verifierAt>>;
  beforeAll(async () => {
    relay = await startRelay();
    port = await verifierAt(relay.url);
  });
  beforeEach(() => relay.reset());
  afterAll(() => relay.close());

  it.each([
    ["a key alone", asked, { key: "ck_1" }],
    [
      "a limit and tags",
      {
        key: "ck_2",
        limit: { name: "chat-completions", limit: 60, durationMs: 60_000 },
        tags: ["route=ChatCompletions"],
      },
      {
        key: "ck_2",
        tags: ["route=ChatCompletions"],
        ratelimits: [{ name: "chat-completions", cost: 1, limit: 60, duration: 60_000 }],
      },
    ],
  ])("sends for %s what @unkey/api sends", async (_name, ours, sdk) => {
    relay.intercept = () => ({ kind: "answer", status: 200, body: verdict });
    await new Unkey({ rootKey, serverURL: relay.url }).keys.verifyKey(sdk);
    await port.verifyWithUnkey(ours);
    const [bySdk, byUs] = relay.requests.map(({ method, path, headers, body }) => ({
      method,
      path,
      authorization: headers.authorization,
      contentType: headers["content-type"],
      accept: headers.accept,
      body: JSON.parse(body) as unknown,
    }));
    expect(byUs).toEqual(bySdk);
  });

  it.each([
    ["a 500", 500, verdict, "answered with status 500"],
    ["a refused root key", 401, '{"error":{"detail":"unkey_root_secret is wrong"}}', "answered with status 401"],
    ["a refused root key's rights", 403, "{}", "answered with status 403"],
    ["its own rate limit", 429, "{}", "answered with status 429"],
    ["a proxy's page", 200, "<html>unkey_root_secret</html>", "could not verify: SyntaxError"],
    ["an answer of another shape", 200, '{"data":{"valid":"yes"}}', "answered without a verdict"],
    ["nothing", 200, "", "could not verify: SyntaxError"],
  ])("takes %s for Unkey being out of reach, and repeats nothing of it", async (_name, status, body, why) => {
    relay.intercept = () => ({ kind: "answer", status, body });
    const error = await port.verifyWithUnkey(asked).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(port.UnkeyUnavailable);
    expect(error).toMatchObject({ name: "UnkeyUnavailable", transient: true, message: `Unkey ${why}` });
    expect(`${String(error)}${JSON.stringify(error)}`).not.toContain("secret");
    expect((error as Error).cause).toBeUndefined();
    expect(relay.requests).toHaveLength(1);
  });

  it("takes a verdict that it does not know yet", async () => {
    relay.intercept = () => ({
      kind: "answer",
      status: 200,
      body: '{"meta":{},"data":{"valid":false,"code":"PAUSED","keyId":"key_1","new":1}}',
    });
    expect(await port.verifyWithUnkey(asked)).toMatchObject({ valid: false, code: "PAUSED" });
  });

  it("waits 2 s for the whole answer on a new connection, also when it drips in byte by byte", async () => {
    const dripping = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      let sent = 0;
      const timer = setInterval(() => {
        response.write(verdict[sent] ?? "");
        sent += 1;
        if (sent < verdict.length) return;
        clearInterval(timer);
        response.end();
      }, 200);
      response.on("close", () => clearInterval(timer));
    }).listen(0, "127.0.0.1");
    await once(dripping, "listening");
    const address = dripping.address() as { readonly port: number };
    const slow = await verifierAt(`http://127.0.0.1:${address.port}`);
    await expect(slow.verifyWithUnkey(asked)).rejects.toBeInstanceOf(slow.UnkeyUnavailable);
    dripping.close();
    dripping.closeAllConnections();
  });
});
