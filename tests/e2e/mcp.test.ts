import { existsSync } from "node:fs";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { describe, expect, it } from "vitest";
import { eventually, type TestKey, useCloud } from "#tests/support/cloud.ts";
import { withinOneMinute } from "#tests/support/one-minute.ts";
import { send } from "./client.ts";

/** The Model Context Protocol, spoken by its official clients and by hand. */

const cloud = useCloud();
const address = (): URL => new URL(`${cloud().url}/api/mcp`);
const toolNames = ["chat", "council", "battle", "image", "video", "video_status"];

const post = (key: TestKey, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  send(address().href, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key.key}`, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const rpc = (method: string, params: object = {}) => ({
  jsonrpc: "2.0",
  id: 1,
  method,
  params,
});

interface ToolAnswer {
  readonly isError?: boolean;
  readonly content: readonly { readonly type: string; readonly text?: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
}

/** What both clients can do, as far as the tests use it. */
interface AnyClient {
  connect(transport: never): Promise<void>;
  listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>;
  callTool(call: { readonly name: string; readonly arguments: object }): Promise<unknown>;
  close(): Promise<void>;
}

const sdkFolder = join(import.meta.dirname, "../../node_modules/@modelcontextprotocol/sdk");
const hasOlderSdk = existsSync(sdkFolder);

const optionsFor = (key: TestKey) => ({ requestInit: { headers: { authorization: `Bearer ${key.key}` } } });
const info = { name: "tests", version: "1.0.0" };

/** The client of 1.x, which knows the handshake only. */
const olderClient = async (key: TestKey): Promise<AnyClient> => {
  const [client, transport] = (await Promise.all([
    import(`${sdkFolder}/dist/esm/client/index.js`),
    import(`${sdkFolder}/dist/esm/client/streamableHttp.js`),
  ])) as [
    { readonly Client: new (given: object) => AnyClient },
    { readonly StreamableHTTPClientTransport: new (url: URL, options: object) => never },
  ];
  const made = new client.Client(info);
  await made.connect(new transport.StreamableHTTPClientTransport(address(), optionsFor(key)));
  return made;
};

const newerClient = async (key: TestKey, mode: "legacy" | { readonly pin: "2026-07-28" }): Promise<AnyClient> => {
  const made = new Client(info, { versionNegotiation: { mode } });
  await made.connect(new StreamableHTTPClientTransport(address(), optionsFor(key)));
  return made as unknown as AnyClient;
};

const clients = [
  ["the stateless protocol of @modelcontextprotocol/client", (key: TestKey) => newerClient(key, { pin: "2026-07-28" })],
  ["the handshake of @modelcontextprotocol/client", (key: TestKey) => newerClient(key, "legacy")],
  ...(hasOlderSdk ? [["the handshake of @modelcontextprotocol/sdk", olderClient] as const] : []),
] as const;

describe.each(clients)("By %s", (_, connect) => {
  it("tools are listed and called, and each call is metered", async () => {
    const key = await cloud().createKey();
    const client = await connect(key);
    try {
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(toolNames);
      const said = (await client.callTool({ name: "chat", arguments: { message: "Hello tools" } })) as ToolAnswer;
      expect(said.content[0]?.text).toContain("simulated answer");
      const council = (await client.callTool({
        name: "council",
        arguments: { message: "17 times 23?", panel: "budget" },
      })) as ToolAnswer;
      expect(council.structuredContent).toMatchObject({ council: { decidedBy: "agreement" } });
      await eventually(async () => {
        const rows = (await cloud().rows("usage")).filter(({ userId }) => userId === key.userId);
        expect(rows.map(({ status }) => status)).toEqual(["ok", "ok", "ok", "ok"]);
      });
    } finally {
      await client.close();
    }
  });

  it("battle, image and video answer, and a bad argument is a result that the model reads", async () => {
    const key = await cloud().createKey();
    const client = await connect(key);
    try {
      const call = async (name: string, given: object) =>
        (await client.callTool({ name, arguments: given })) as ToolAnswer;
      expect((await call("battle", { message: "Hello" })).structuredContent).toMatchObject({
        answers: [{ agentId: "agent-1" }, { agentId: "agent-2" }],
      });
      const image = await call("image", { prompt: "A bridge" });
      expect(image.isError).not.toBe(true);
      expect(image.structuredContent).toMatchObject({ images: [expect.any(Object)] });
      const started = await call("video", { prompt: "A bridge" });
      const { id } = started.structuredContent as { readonly id: string };
      expect((await call("video_status", { id })).structuredContent).toMatchObject({ id });
      const bad = await call("council", { message: "Hello", models: ["gpt"] });
      expect(bad).toMatchObject({ isError: true, structuredContent: { error: { param: "models" } } });
    } finally {
      await client.close();
    }
  });
});

describe("The endpoint", () => {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const envelope = (method: string, name?: string) => ({
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": method,
    ...(name === undefined ? {} : { "mcp-name": name }),
  });

  it("needs a key", async () => {
    const reply = await send(address().href, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(rpc("tools/list")),
    });
    expect(reply.status).toBe(401);
  });

  it("refuses pages of other origins, whatever their key", async () => {
    const key = await cloud().createKey();
    for (const origin of ["https://evil.example", "http://localhost:1", "null"]) {
      expect((await post(key, rpc("tools/list"), { origin })).error()).toMatchObject({ code: "FORBIDDEN" });
    }
    expect((await post(key, rpc("tools/list"), { origin: cloud().url })).status).toBe(200);
  });

  it("has no session, and opens no stream", async () => {
    const key = await cloud().createKey();
    const reply = await post(
      key,
      rpc("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: info }),
    );
    expect(reply.json()).toMatchObject({
      result: { protocolVersion: "2025-06-18", serverInfo: { name: "concurred" } },
    });
    expect(reply.headers.get("mcp-session-id")).toBeNull();
    const opened = await send(address().href, { headers: { authorization: `Bearer ${key.key}` } });
    expect(opened.status).toBe(405);
    expect((await post(key, { jsonrpc: "2.0", method: "notifications/initialized" })).status).toBe(202);
  });

  it.each([
    [
      "a version that it does not know",
      "tools/list",
      { _meta: { ...meta, "io.modelcontextprotocol/protocolVersion": "2031-01-01" } },
      envelope("tools/list"),
      400,
      -32_022,
    ],
    ["a header of another method", "tools/list", { _meta: meta }, envelope("tools/call"), 400, -32_020],
    ["no version header", "tools/list", { _meta: meta }, { "mcp-method": "tools/list" }, 400, -32_020],
    [
      "a header of another tool",
      "tools/call",
      { _meta: meta, name: "chat" },
      envelope("tools/call", "image"),
      400,
      -32_020,
    ],
    ["an unknown method", "resources/list", { _meta: meta }, envelope("resources/list"), 404, -32_601],
    ["an unknown method of the older protocol", "resources/list", {}, {}, 200, -32_601],
    ["an unknown tool", "tools/call", { name: "shell", arguments: {} }, {}, 400, -32_602],
    ["an unknown version header", "tools/list", {}, { "mcp-protocol-version": "1999-01-01" }, 400, -32_600],
  ] as const)("answers %s with an error of the protocol", async (_, method, params, headers, status, code) => {
    const key = await cloud().createKey();
    const reply = await post(key, rpc(method, params), headers as Readonly<Record<string, string>>);
    expect(reply.status).toBe(status);
    expect(reply.json()).toMatchObject({ jsonrpc: "2.0", id: 1, error: { code } });
  });

  it("refuses a batch and what is not a message", async () => {
    const key = await cloud().createKey();
    for (const body of [[rpc("tools/list")], { method: "tools/list" }, "{"]) {
      expect((await post(key, body)).status).toBe(400);
    }
  });

  it("counts each tool against its own endpoint's limit", async () => {
    const council = rpc("tools/call", { name: "council", arguments: { message: "17 times 23?", panel: "budget" } });
    const { key, results, direct } = await withinOneMinute(async () => {
      const key = await cloud().createKey();
      const results: boolean[] = [];
      for (let call = 0; call < 11; call++) {
        const { result } = (await post(key, council)).json() as { readonly result: ToolAnswer };
        results.push(result.isError === true);
      }
      const direct = await send(`${cloud().baseUrl}/council`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${key.key}` },
        body: JSON.stringify({ message: "17 times 23?" }),
      });
      return { key, results, direct };
    });
    expect(results).toEqual([...Array.from({ length: 10 }, () => false), true]);
    expect(direct.status).toBe(429);
    const chat = rpc("tools/call", { name: "chat", arguments: { message: "Hello" } });
    expect((await post(key, chat)).json()).toMatchObject({ result: { content: [{ type: "text" }] } });
  });
});

describe("An Idempotency-Key", () => {
  const ask = (key: TestKey, message: string, idempotencyKey: string) =>
    post(key, rpc("tools/call", { name: "chat", arguments: { model: "gpt", message } }), {
      "idempotency-key": idempotencyKey,
    });

  it("keeps a tool's result, and frees the key where the tool failed in a way that may pass", async () => {
    const key = await cloud().createKey();
    const answers = [await ask(key, "Hello", "kept"), await ask(key, "Hello", "kept")];
    expect(answers.map(({ headers }) => headers.get("x-idempotent-replay"))).toEqual([null, "true"]);
    expect(answers[1]?.text).toBe(answers[0]?.text);
    for (let times = 0; times < 2; times++) {
      const failed = await ask(key, "[[simulate: status=500]]", "freed");
      expect(failed.json()).toMatchObject({ result: { isError: true } });
      expect(failed.headers.get("x-idempotent-replay")).toBeNull();
    }
  });
});
