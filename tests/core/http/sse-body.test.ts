import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openAiWire } from "#core/dialects/openai-wire.ts";
import { GatewayError, toGatewayError } from "#core/errors.ts";
import { SseBody, type SseBodyOptions } from "#core/http/sse-body.ts";

const { heartbeat } = openAiWire;

const frame = (text: string): string => `data: ${text}\n\n`;

/** Frames that a test hands over one by one, and what became of the source. */
class Source implements AsyncIterable<Buffer | string>, AsyncIterator<Buffer | string> {
  pulls = 0;
  closed = false;
  readonly #ready: (IteratorResult<Buffer | string> | Error)[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<Buffer | string>> | undefined;

  [Symbol.asyncIterator](): this {
    return this;
  }
  async next(): Promise<IteratorResult<Buffer | string>> {
    this.pulls += 1;
    const ready = this.#ready.shift();
    if (ready instanceof Error) throw ready;
    if (ready !== undefined) return ready;
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }
  async return(): Promise<IteratorResult<Buffer | string>> {
    this.closed = true;
    this.#waiting?.resolve({ done: true, value: undefined });
    return { done: true, value: undefined };
  }
  #hand(result: IteratorResult<Buffer | string> | Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#ready.push(result);
    else if (result instanceof Error) waiting.reject(result);
    else waiting.resolve(result);
  }
  give(...values: (Buffer | string)[]): void {
    for (const value of values) this.#hand({ done: false, value });
  }
  end(): void {
    this.#hand({ done: true, value: undefined });
  }
  fail(error: Error): void {
    this.#hand(error);
  }
}

const open = (changes: Partial<SseBodyOptions> = {}) => {
  const source = new Source();
  const controller = new AbortController();
  const body = new SseBody({ source, toError: toGatewayError, signal: controller.signal, ...changes });
  let text = "";
  const read = (): string => text;
  const follow = (): void => {
    body.on("data", (part: Buffer) => {
      text += part.toString();
    });
  };
  return { source, controller, body, read, follow };
};

/** Lets every promise and stream callback that is due run; no time passes. */
const settle = async (): Promise<void> => {
  for (let index = 0; index < 20; index++) await new Promise((resolve) => process.nextTick(resolve));
};

describe("SseBody", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("passes frames on as they come, text and bytes, and ends with its source", async () => {
    const { source, body, read, follow } = open();
    follow();
    source.give(frame("one"), Buffer.from(frame("zwei ä")), frame("three"));
    await settle();
    expect(read()).toBe(frame("one") + frame("zwei ä") + frame("three"));
    source.end();
    await once(body, "end");
    expect(read()).toBe(frame("one") + frame("zwei ä") + frame("three"));
  });

  it("goes on after an empty part", async () => {
    const { source, body, read, follow } = open();
    follow();
    source.give("", Buffer.alloc(0), frame("one"));
    source.end();
    await once(body, "end");
    expect(read()).toBe(frame("one"));
  });

  it("pulls no more than fits while nobody reads, and goes on when somebody does", async () => {
    const { source, body, follow } = open();
    const kilobyte = "x".repeat(1_024);
    for (let index = 0; index < 1_000; index++) source.give(kilobyte);
    source.end();
    body.once("readable", () => undefined);
    await settle();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(source.pulls).toBeLessThanOrEqual(20);
    expect(body.readableLength).toBeLessThanOrEqual(20 * 1_024);
    let bytes = 0;
    body.on("data", (part: Buffer) => {
      bytes += part.length;
    });
    follow();
    await once(body, "end");
    expect(bytes).toBe(1_000 * 1_024);
  });

  describe("a heartbeat", () => {
    it("is sent after each 15 s of silence, and silence begins anew with each frame", async () => {
      const { source, body, read, follow } = open();
      follow();
      await vi.advanceTimersByTimeAsync(14_999);
      expect(read()).toBe("");
      await vi.advanceTimersByTimeAsync(1);
      expect(read()).toBe(heartbeat);
      await vi.advanceTimersByTimeAsync(10_000);
      source.give(frame("one"));
      await settle();
      await vi.advanceTimersByTimeAsync(14_999);
      expect(read()).toBe(heartbeat + frame("one"));
      await vi.advanceTimersByTimeAsync(1);
      expect(read()).toBe(heartbeat + frame("one") + heartbeat);
      source.end();
      await once(body, "end");
    });

    it("does not pile up for a client that does not read", async () => {
      const { source, body } = open();
      body.once("readable", () => undefined);
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect(body.readableLength).toBeLessThanOrEqual(heartbeat.length);
      source.end();
      body.resume();
      await once(body, "end");
    });

    it("leaves at once where the answer is late already", async () => {
      const { source, body, read, follow } = open({ startWithHeartbeat: true });
      follow();
      await settle();
      expect(read()).toBe(heartbeat);
      source.give(frame("one"));
      source.end();
      await once(body, "end");
      expect(read()).toBe(heartbeat + frame("one"));
    });

    it("is a comment, which clients skip", () => {
      expect(heartbeat).toMatch(/^:.*\n\n$/);
    });
  });

  it("tells a late error in one frame, in the envelope of every error, and ends without [DONE]", async () => {
    const toError = vi.fn(
      () => new GatewayError("PROVIDER_ERROR", "it broke\nhere", { details: { provider: "openai" } }),
    );
    const { source, body, read, follow } = open({ toError });
    follow();
    source.give(frame("one"));
    const thrown = new Error("ECONNRESET");
    source.fail(thrown);
    await once(body, "end");
    const [first, second, rest] = read().split("\n\n");
    expect(`${first}\n\n`).toBe(frame("one"));
    expect(JSON.parse(second?.slice("data: ".length) ?? "")).toEqual({
      error: {
        code: "PROVIDER_ERROR",
        message: "it broke\nhere",
        type: "api_error",
        param: null,
        details: { provider: "openai" },
      },
    });
    expect(rest).toBe("");
    expect(toError).toHaveBeenCalledExactlyOnceWith(thrown);
  });

  it("says no more of an unexpected error than a 500 would", async () => {
    const { source, body, read, follow } = open();
    follow();
    source.fail(new Error("sk-secret at /var/task"));
    await once(body, "end");
    expect(read()).toContain('"code":"INTERNAL_ERROR"');
    expect(read()).not.toMatch(/secret|var.task/);
  });

  it("closes its source when it is given up half way", async () => {
    const { source, body, follow } = open();
    follow();
    source.give(frame("one"));
    await settle();
    body.destroy();
    await once(body, "close");
    expect(source.closed).toBe(true);
  });

  it("ends although its source cannot be closed", async () => {
    const { source, body } = open();
    source.return = async () => {
      throw new Error("it is stuck");
    };
    body.destroy();
    await once(body, "close");
    expect(body.destroyed).toBe(true);
  });

  describe("after its signal fired", () => {
    it("still tells why, to a client that reads", async () => {
      const { source, controller, body, read, follow } = open();
      follow();
      controller.abort();
      source.fail(new GatewayError("PROVIDER_TIMEOUT", "late"));
      await once(body, "end");
      expect(read()).toBe(openAiWire.errorFrame(new GatewayError("PROVIDER_TIMEOUT", "late"), "req_1"));
    });

    it("is given up 2 s later when the client takes nothing", async () => {
      const { source, controller, body } = open();
      body.once("readable", () => undefined);
      source.give("x".repeat(20_000));
      await settle();
      controller.abort();
      const closed = once(body, "close");
      await vi.advanceTimersByTimeAsync(1_999);
      expect(body.destroyed).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      await closed;
      expect(source.closed).toBe(true);
    });

    it("is given up as well when that was before it was made", async () => {
      const { source, body } = open({ signal: AbortSignal.abort() });
      await vi.advanceTimersByTimeAsync(2_000);
      expect(body.destroyed).toBe(true);
      expect(source.closed).toBe(true);
    });
  });

  it("leaves no listener on its signal", async () => {
    const { source, controller, body, follow } = open();
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    follow();
    source.end();
    await once(body, "end");
    expect(removed).toHaveBeenCalledWith("abort", expect.any(Function));
  });
});
