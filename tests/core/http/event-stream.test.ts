import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openAiWire } from "#core/dialects/openai-wire.ts";
import { GatewayError, toGatewayError } from "#core/errors.ts";
import { eventStream, type StartedStream } from "#core/http/event-stream.ts";
import type { EndpointResult } from "#core/http/response.ts";

const { heartbeat } = openAiWire;

async function* framesOf(...frames: string[]): AsyncGenerator<string> {
  yield* frames;
}
const started = (...frames: string[]): StartedStream => ({
  frames: framesOf(...frames),
  headers: { "x-model-used": "gpt-5.2" },
});
const bodyOf = async ({ stream }: EndpointResult): Promise<string> => (stream === undefined ? "" : await text(stream));
const signal = new AbortController().signal;
const toError = toGatewayError;
const failure = new GatewayError("PROVIDER_ERROR", "no");

describe("eventStream", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("opens with the first content, under the headers that came with it", async () => {
    const result = await eventStream({ start: Promise.resolve(started("data: 1\n\n")), toError, signal });
    expect(result).toMatchObject({
      status: 200,
      headers: {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
        "x-model-used": "gpt-5.2",
      },
    });
    expect(await bodyOf(result)).toBe("data: 1\n\n");
  });

  it("lets an early failure be a true status", async () => {
    await expect(eventStream({ start: Promise.reject(failure), toError, signal })).rejects.toBe(failure);
  });

  it("waits 15 s for the first content, and no longer", async () => {
    const { promise, resolve } = Promise.withResolvers<StartedStream>();
    const opened = vi.fn();
    const result = eventStream({ start: promise, toError, signal }).then((value) => {
      opened();
      return value;
    });
    await vi.advanceTimersByTimeAsync(14_999);
    expect(opened).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(opened).toHaveBeenCalled();
    const whole = bodyOf(await result);
    await vi.advanceTimersByTimeAsync(15_000);
    resolve(started("data: 1\n\n", "data: 2\n\n"));
    expect(await whole).toBe(`${heartbeat}${heartbeat}data: 1\n\ndata: 2\n\n`);
  });

  it("tells a failure after that in the stream", async () => {
    const { promise, reject } = Promise.withResolvers<StartedStream>();
    const result = eventStream({ start: promise, toError, signal, openAfterMs: 10 });
    await vi.advanceTimersByTimeAsync(10);
    const whole = bodyOf(await result);
    reject(failure);
    expect(await whole).toBe(`${heartbeat}data: ${JSON.stringify(failure.toBody())}\n\n`);
  });

  it("closes a source that began after the body was given up", async () => {
    const { promise, resolve } = Promise.withResolvers<StartedStream>();
    const opening = eventStream({ start: promise, toError, signal, openAfterMs: 10 });
    await vi.advanceTimersByTimeAsync(10);
    const { stream } = await opening;
    stream?.resume();
    await Promise.resolve();
    stream?.destroy();
    let closed = false;
    const frames = (async function* () {
      try {
        for (;;) yield "data: x\n\n";
      } finally {
        closed = true;
      }
    })();
    resolve({ frames, headers: {} });
    await vi.waitFor(() => expect(closed).toBe(true));
  });

  it("leaves no failure unhandled when the body is given up before it was read", async () => {
    const { promise, reject } = Promise.withResolvers<StartedStream>();
    const opening = eventStream({ start: promise, toError, signal, openAfterMs: 10 });
    await vi.advanceTimersByTimeAsync(10);
    (await opening).stream?.destroy();
    // Vitest fails a run in which a rejection goes unhandled.
    reject(failure);
    await Promise.resolve();
  });
});
