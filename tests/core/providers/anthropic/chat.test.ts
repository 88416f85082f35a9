import Anthropic from "@anthropic-ai/sdk";
import type { MessageCreateParamsNonStreaming } from "@anthropic-ai/sdk/resources/messages";
import { afterEach, describe, expect, it } from "vitest";
import { GatewayError } from "#core/errors.ts";
import { anthropicProvider } from "#core/providers/anthropic/chat.ts";
import { type CompletionReply, ProviderFailure, type StreamReply } from "#core/providers/provider.ts";
import { startUpstream, type UpstreamServer } from "./server.ts";
import { assemble, chunksOf, fixture, providerCall } from "./support.ts";

let upstream: UpstreamServer | undefined;
const start = async (...options: Parameters<typeof startUpstream>): Promise<UpstreamServer> => {
  upstream = await startUpstream(...options);
  return upstream;
};
afterEach(async () => {
  await upstream?.close();
  upstream = undefined;
});

const json = { "content-type": "application/json" };
const eventStream = { "content-type": "text/event-stream; charset=utf-8" };

const completionOf = async (...call: Parameters<typeof providerCall>): Promise<CompletionReply> => {
  const reply = await anthropicProvider.chat(providerCall(...call));
  if (reply.kind !== "completion") throw new Error("Expected a completion");
  return reply;
};
const streamOf = async (...call: Parameters<typeof providerCall>): Promise<StreamReply> => {
  const reply = await anthropicProvider.chat(providerCall({ stream: true, ...call[0] }, call[1], call[2]));
  if (reply.kind !== "stream") throw new Error("Expected a stream");
  return reply;
};

/** Reads to the end, or to the fault; gives both. */
const drain = async (reply: StreamReply): Promise<{ parts: string[]; failure: unknown }> => {
  const parts: string[] = [];
  try {
    for await (const part of reply.frames) parts.push(part.toString());
  } catch (failure) {
    return { parts, failure };
  }
  return { parts, failure: undefined };
};

const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It was accepted");
};

describe("the request on the wire", () => {
  const fields = {
    max_tokens: 50,
    temperature: 0.3,
    user: "u-1",
    stop: ["END"],
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Grüße 🚀" },
    ],
    tools: [{ type: "function", function: { name: "f", parameters: { type: "object", properties: {} } } }],
  };
  const sameForSdk = {
    model: "claude-haiku-4-5",
    max_tokens: 50,
    temperature: 0.3,
    metadata: { user_id: "u-1" },
    stop_sequences: ["END"],
    system: [{ type: "text", text: "Be brief." }],
    messages: [{ role: "user", content: [{ type: "text", text: "Grüße 🚀" }] }],
    tools: [{ name: "f", input_schema: { type: "object", properties: {} } }],
  };

  it.each([false, true])("is what Anthropic's own SDK sends for the same parameters (stream: %s)", async (stream) => {
    const { baseUrl, requests } = await start((response) => {
      if (stream) response.writeHead(200, eventStream).end(fixture("text.sse"));
      else response.writeHead(200, json).end(fixture("text.json"));
    });
    const client = new Anthropic({
      baseURL: baseUrl,
      apiKey: null,
      maxRetries: 0,
      // The version that still takes temperature, and the key where BYOK keys of either kind work.
      defaultHeaders: { "anthropic-version": "2023-06-01", "x-api-key": "sk-ant-test" },
    });
    await client.messages
      .create({ ...sameForSdk, stream } as unknown as MessageCreateParamsNonStreaming)
      .asResponse()
      .then((response) => response.text());
    if (stream) await drain(await streamOf(fields, { baseUrl }));
    else await completionOf(fields, { baseUrl });

    const [bySdk, byUs] = requests;
    expect(byUs?.method).toBe(bySdk?.method);
    expect(byUs?.path).toBe(bySdk?.path);
    for (const name of ["content-type", "accept", "anthropic-version", "x-api-key", "authorization"]) {
      expect(byUs?.headers[name], name).toEqual(bySdk?.headers[name]);
    }
    const { stream: sdkStream, ...sdkBody } = JSON.parse(bySdk?.body ?? "") as Record<string, unknown>;
    const { stream: ourStream, ...ourBody } = JSON.parse(byUs?.body ?? "") as Record<string, unknown>;
    expect(ourBody).toEqual(sdkBody);
    expect(ourStream ?? false).toEqual(sdkStream);
  });

  it("goes to the base URL's path with or without a slash at its end", async () => {
    const { baseUrl, requests } = await start(
      (response) => response.writeHead(200, json).end(fixture("text.json")) && undefined,
    );
    await completionOf({}, { baseUrl: `${baseUrl}/anthropic/` });
    expect(requests[0]?.path).toBe("/anthropic/v1/messages");
  });

  it("is not sent at all when the caller must change it", async () => {
    const { baseUrl, requests } = await start((response) => response.end() && undefined);
    const audio = [{ type: "input_audio", input_audio: { data: "", format: "wav" } }];
    const error = await rejection(completionOf({ messages: [{ role: "user", content: audio }] }, { baseUrl }));
    expect(error).toBeInstanceOf(GatewayError);
    expect(requests).toEqual([]);
  });
});

describe("a whole answer", () => {
  it("comes with its outcome, its warnings, and word of a stand-in", async () => {
    const { baseUrl } = await start(
      (response) =>
        response.writeHead(200, { ...json, "x-provider-simulated": "true" }).end(fixture("text.json")) && undefined,
    );
    const reply = await completionOf({ seed: 1 }, { baseUrl });
    expect(reply).toMatchObject({ simulated: true, warnings: ["seed"], outcome: { finishReason: "stop" } });
    expect(reply.completion).toMatchObject({
      id: "chatcmpl_test",
      choices: [{ message: { content: "Hello, world." } }],
    });
  });

  it.each([
    [429, { "retry-after": "3" }, "error-rate-limit.json", { kind: "rate-limit", retryAfterMs: 3_000 }],
    [400, {}, "error-invalid.json", { kind: "request", providerMessage: "messages.0.content: Field required" }],
    [200, {}, "error-rate-limit.json", { kind: "rate-limit" }],
  ])("with status %i and an error body is a failure (%j)", async (status, headers, name, expected) => {
    const { baseUrl } = await start(
      (response) => response.writeHead(status, { ...json, ...headers }).end(fixture(name)) && undefined,
    );
    const error = await rejection(completionOf({}, { baseUrl }));
    expect(error).toBeInstanceOf(ProviderFailure);
    expect(error).toMatchObject(expected);
    expect(JSON.stringify({ ...(error as object), message: (error as Error).message })).not.toContain("sk-ant-test");
  });

  it("cut in its middle is a network failure", async () => {
    const { baseUrl } = await start((response) => {
      response.writeHead(200, { ...json, "content-length": "5000" });
      response.write(fixture("text.json").slice(0, 100), () => response.destroy());
    });
    expect(await rejection(completionOf({}, { baseUrl }))).toMatchObject({ kind: "network" });
  });
});

describe("a stream", () => {
  it("gives the frames of each read as it comes, not at the end", async () => {
    const text = fixture("text.sse");
    const half = text.indexOf("世界") - "event: content_block_delta\ndata: ".length;
    const firstDelta = text.lastIndexOf("event:", half);
    let release = (): void => {};
    const { baseUrl } = await start(async (response) => {
      response.writeHead(200, eventStream);
      response.write(text.slice(0, firstDelta));
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      response.end(text.slice(firstDelta));
    });
    const { frames } = await streamOf({}, { baseUrl });
    const iterator = frames[Symbol.asyncIterator]();
    const first = await iterator.next();
    expect(assemble(chunksOf(String(first.value))).content).toBe("Grüße, ");
    release();
    let rest = "";
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) rest += String(next.value);
    expect(assemble(chunksOf(rest))).toMatchObject({ content: '世界 \u{1F680}\n"done"', finish: "stop" });
  });

  it("in one-byte reads is the same answer", async () => {
    const { baseUrl } = await start(async (response) => {
      response.writeHead(200, eventStream);
      for (const byte of Buffer.from(fixture("thinking-tools.sse"))) {
        await new Promise((resolve) => response.write(Buffer.of(byte), resolve));
      }
      response.end();
    });
    const reply = await streamOf({}, { baseUrl });
    const { parts, failure } = await drain(reply);
    expect(failure).toBeUndefined();
    expect(assemble(chunksOf(parts.join("")))).toMatchObject({ content: "Looking it up.", finish: "tool_calls" });
    expect(reply.outcome.usage?.estimated).toBe(false);
  });

  it("has no usage-only frame and no [DONE]: those are the core's", async () => {
    const { baseUrl } = await start(
      (response) => response.writeHead(200, eventStream).end(fixture("text.sse")) && undefined,
    );
    const { parts } = await drain(await streamOf({ stream_options: { include_usage: true } }, { baseUrl }));
    expect(parts.join("")).not.toContain("[DONE]");
    for (const chunk of chunksOf(parts.join(""))) expect(chunk.choices).toHaveLength(1);
  });

  it("gives what came before an error event, then fails with its kind", async () => {
    const { baseUrl } = await start(
      (response) => response.writeHead(200, eventStream).end(fixture("overloaded.sse")) && undefined,
    );
    const { parts, failure } = await drain(await streamOf({}, { baseUrl }));
    expect(assemble(chunksOf(parts.join(""))).content).toBe("Half an ans");
    expect(failure).toMatchObject({ kind: "server", status: 529, providerCode: "overloaded_error" });
  });

  it("that ends without a stop reason is malformed, and its output is estimated on true input counts", async () => {
    const { baseUrl } = await start(
      (response) => response.writeHead(200, eventStream).end(fixture("cut.sse")) && undefined,
    );
    const reply = await streamOf({}, { baseUrl });
    const { failure } = await drain(reply);
    expect(failure).toMatchObject({ kind: "malformed" });
    expect(reply.outcome).toMatchObject({
      contentStarted: true,
      finishReason: undefined,
      usage: { inputTokens: 20, cachedInputTokens: 8, outputTokens: 10, estimated: true },
    });
  });

  it("that breaks is a network failure, never a clean end", async () => {
    const { baseUrl } = await start((response) => {
      response.writeHead(200, eventStream);
      response.write(fixture("cut.sse"), () => response.destroy());
    });
    const { failure } = await drain(await streamOf({}, { baseUrl }));
    expect(failure).toMatchObject({ kind: "network" });
  });

  it("that breaks after its last event is whole", async () => {
    const { baseUrl } = await start((response) => {
      response.writeHead(200, eventStream);
      response.write(fixture("text.sse"), () => response.destroy());
    });
    const reply = await streamOf({}, { baseUrl });
    expect((await drain(reply)).failure).toBeUndefined();
    expect(reply.outcome).toMatchObject({ finishReason: "stop", usage: { estimated: false } });
  });

  it("that its reader leaves is closed upstream, and what came is estimated", async () => {
    let closed = (): void => {};
    const upstreamClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { baseUrl } = await start((response) => {
      response.on("close", closed);
      response.writeHead(200, eventStream).write(fixture("cut.sse"));
    });
    const reply = await streamOf({}, { baseUrl });
    for await (const _part of reply.frames) break;
    await upstreamClosed;
    expect(reply.outcome.usage).toMatchObject({ outputTokens: 10, estimated: true });
  });

  it("that is aborted ends as aborted", async () => {
    const controller = new AbortController();
    const { baseUrl } = await start((response) => {
      response.writeHead(200, eventStream).write(fixture("cut.sse"));
    });
    const reply = await streamOf({}, { baseUrl }, { signal: controller.signal });
    const iterator = reply.frames[Symbol.asyncIterator]();
    await iterator.next();
    controller.abort();
    expect(await rejection(iterator.next())).toMatchObject({ kind: "aborted" });
  });

  it("that stalls times out", async () => {
    const { baseUrl } = await start((response) => {
      response.writeHead(200, eventStream).write(fixture("cut.sse"));
    });
    const reply = await streamOf({}, { baseUrl }, { timeouts: { headersMs: 5_000, idleMs: 50 } });
    expect((await drain(reply)).failure).toMatchObject({ kind: "timeout" });
  });

  it.each([
    ["an error object", json, fixture("error-rate-limit.json"), "rate-limit"],
    ["a page", { "content-type": "text/html" }, "<html>", "malformed"],
    ["nothing", eventStream, "", "malformed"],
    ["garbage", eventStream, "data: {oops\n\n", "malformed"],
  ])("that is %s with status 200 fails", async (_name, headers, body, kind) => {
    const { baseUrl } = await start((response) => response.writeHead(200, headers).end(body) && undefined);
    const failure = await rejection(
      streamOf({}, { baseUrl })
        .then(drain)
        .then(({ failure }) => Promise.reject(failure)),
    );
    expect(failure).toMatchObject({ kind });
  });
});
