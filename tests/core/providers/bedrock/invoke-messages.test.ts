import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { EventStreamCodec } from "@smithy/eventstream-codec";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { toChat } from "#core/dialects/messages/to-chat.ts";
import { bedrockProvider } from "#core/providers/bedrock/chat.ts";
import { eventFrames } from "#core/providers/bedrock/event-frames.ts";
import type { StreamReply } from "#core/providers/provider.ts";
import { messagesRequestSchema } from "#core/schemas/messages.ts";
import { useProviders } from "#tests/infra/local/providers/harness.ts";
import { providerCall, rejection, startUpstream, type Upstream } from "../support.ts";

/** A Messages request to Bedrock: what passes as it came, what is named, what is refused, and how its stream ends. */

const { providers } = useProviders();
const model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString("utf8"),
  (text) => Buffer.from(text, "utf8"),
);
const frame = (name: string, payload: string): Buffer =>
  Buffer.from(
    codec.encode({
      headers: {
        ":message-type": { type: "string", value: "event" },
        ":event-type": { type: "string", value: name },
      },
      body: Buffer.from(payload),
    }),
  );
const chunk = (event: string): Buffer =>
  frame("chunk", JSON.stringify({ bytes: Buffer.from(event).toString("base64") }));
const start = chunk(
  JSON.stringify({
    type: "message_start",
    message: { id: "msg_1", role: "assistant", content: [], usage: { input_tokens: 1, output_tokens: 1 } },
  }),
);

let upstream: Upstream;
let answer: (to: ServerResponse) => void;
beforeAll(async () => {
  upstream = await startUpstream((to) => answer(to));
});
afterAll(() => upstream.close());

const user = { role: "user", content: "Hi" };

/** Asks as the endpoint does: with the request as it came and its translation. */
const ask = (fields: Record<string, unknown>, options: { readonly baseUrl?: string; readonly model?: string } = {}) => {
  const body = messagesRequestSchema.parse({ model: "bedrock/x", max_tokens: 50, messages: [user], ...fields });
  const { request, refusal } = toChat(body, {});
  const { model: asked = model, baseUrl = providers().baseUrls.bedrock } = options;
  providers().clearRequests();
  const call = providerCall({}, { provider: "bedrock", model: asked, byok: true, baseUrl });
  return bedrockProvider.chat({
    ...call,
    request,
    // Longer than the test waits: what ends a stream here is its reader.
    timeouts: { headersMs: 60_000, idleMs: 60_000 },
    native: { dialect: "messages", body: { ...body }, headers: {}, refusal, cutFrames: () => "" },
  });
};
const asked = () =>
  providers()
    .requests()
    .find(({ provider }) => provider === "bedrock");

const streamFrom = async (send: (to: ServerResponse) => void): Promise<StreamReply> => {
  answer = send;
  const reply = await ask({ stream: true }, { baseUrl: upstream.baseUrl });
  if (reply.kind !== "stream") throw new Error("Expected a stream");
  return reply;
};

const file = { type: "document", source: { type: "file", file_id: "f" } };

describe("a field that Bedrock's body does not have", () => {
  test.each<[string, Record<string, unknown>]>([
    ["cache_control", { cache_control: { type: "ephemeral" } }],
    ["speed", { speed: "fast" }],
    ["service_tier", { service_tier: "priority" }],
  ])("is left out and named: %s", async (name, fields) => {
    const { warnings } = await ask(fields);
    expect(warnings).toEqual([name]);
    expect(asked()?.path).toMatch(/\/invoke$/);
    expect(asked()?.body).not.toHaveProperty(name);
  });

  test.each<[string, Record<string, unknown>]>([
    ["speed", { speed: "standard" }],
    ["service_tier", { service_tier: "auto" }],
    ["inference_geo", { inference_geo: "global" }],
    ["mcp_servers", { mcp_servers: [] }],
    ["container", { container: null }],
  ])("needs no word where it asks for the default: %s", async (_name, fields) => {
    expect((await ask(fields)).warnings).toEqual([]);
    expect(asked()?.path).toMatch(/\/invoke$/);
  });

  test.each<[string, Record<string, unknown>]>([
    ["container", { container: "c_1" }],
    ["mcp_servers", { mcp_servers: [{ type: "url", name: "x", url: "https://example.com" }] }],
    ["inference_geo", { inference_geo: "us" }],
    ["messages[0].content[1].source", { messages: [{ role: "user", content: [{ type: "text", text: "Hi" }, file] }] }],
  ])("is refused before any call where the answer would be wrong without it: %s", async (param, fields) => {
    expect(await rejection(ask(fields))).toMatchObject({ name: "GatewayError", status: 400, param });
    expect(asked()).toBeUndefined();
  });

  test("is refused for models of other vendors as well", async () => {
    const tool = { type: "web_search_20250305", name: "web_search" };
    const fields = { tools: [tool], tool_choice: { type: "tool", name: "web_search" } };
    const error = await rejection(ask(fields, { model: "us.amazon.nova-2-lite-v1:0" }));
    expect(error).toMatchObject({ status: 400, param: "tool_choice" });
    expect(asked()).toBeUndefined();
  });
});

describe("a stream of InvokeModel", () => {
  test.each<[string, Buffer]>([
    ["an event that is not JSON", chunk("{")],
    ["a chunk that is not JSON", frame("chunk", "{")],
    ["a chunk without bytes", frame("chunk", "{}")],
  ])("with %s is malformed", async (_name, bad) => {
    const reading = (async () => {
      const { frames } = await streamFrom((to) => void to.writeHead(200).end(Buffer.concat([start, bad])));
      for await (const _ of frames);
    })();
    expect(await rejection(reading)).toMatchObject({ kind: "malformed", provider: "bedrock" });
  });

  test("that is left while the next event is awaited is closed at Bedrock", async () => {
    let closed: Promise<unknown> | undefined;
    const { frames } = await streamFrom((to) => {
      closed = once(to, "close");
      to.writeHead(200).write(start);
    });
    const reader = frames[Symbol.asyncIterator]();
    await reader.next();
    await reader.return?.();
    await closed;
  });
});

test("the stand-in notices a caller who leaves", async () => {
  const content = "[[simulate: stall-after=2]]";
  const reply = await ask({ stream: true, messages: [{ role: "user", content }] });
  if (reply.kind !== "stream") throw new Error("Expected a stream");
  const reader = reply.frames[Symbol.asyncIterator]();
  await reader.next();
  await reader.return?.();
  await vi.waitFor(() =>
    expect(
      providers()
        .requests()
        .find(({ provider }) => provider === "bedrock")?.state,
    ).toBe("client-left"),
  );
});

test("events before one of an impossible length are passed on", async () => {
  async function* body() {
    yield Buffer.concat([frame("messageStart", "{}"), Buffer.alloc(16, 255)]);
  }
  const types: string[] = [];
  const reading = (async () => {
    for await (const group of eventFrames(body())) types.push(...group.map(({ type }) => type));
  })();
  expect(await rejection(reading)).toMatchObject({ kind: "malformed" });
  expect(types).toEqual(["messageStart"]);
});
