import { Readable } from "node:stream";
import { type GatewayError, toGatewayError } from "#core/errors.ts";
import { isHeaderParam } from "#core/idempotency/fingerprint.ts";
import {
  checkedIdempotencyKey,
  type EndedAnswer,
  IdempotencyLease,
  isPassing,
  maxKeptBytes,
  type StoredAnswer,
  takeLease,
} from "#core/idempotency/idempotency.ts";
import { anyPrincipal } from "./authenticate.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";

/** Headers that belong to the answer rather than to the request that brought it. */
const keptHeaders = [
  "content-type",
  "x-model-used",
  "x-provider-used",
  "x-attempts",
  "x-cache",
  "x-warnings",
  "x-guardrail-findings",
  "x-prompt-used",
  "x-council-drafts",
  "x-council-judge",
  "x-council-agreement",
  "x-council-cost-usd",
] as const;

const kept = (headers: Readonly<Record<string, string>> | undefined): Record<string, string> =>
  Object.fromEntries(keptHeaders.flatMap((name) => (headers?.[name] === undefined ? [] : [[name, headers[name]]])));

const toResult = ({ status, headers, body, streamed }: StoredAnswer): EndpointResult => {
  const replayed = { ...headers, "x-idempotent-replay": "true" };
  return streamed
    ? { status, stream: Readable.from([body], { objectMode: false }), headers: replayed }
    : { status, text: body.toString("utf8"), headers: replayed };
};

const eventStreamType = "text/event-stream";
const frameEnd = "\n\n";

/** Where the last frame of frames begins. */
const lastFrameAt = (frames: string): number => {
  const before = frames.lastIndexOf(frameEnd, frames.length - frameEnd.length - 1);
  return before < 0 ? 0 : before + frameEnd.length;
};

/** The longest that an answer's end waits for its row, ms. A table that is out of reach must not hold the answer back. */
const settleWaitMs = 1_000;

/**
 * Writes the row of an answer that is about to end, and resolves once that is done: whoever sees the end may come again at
 * once, and must find the answer. The write is awaited, and its fault reported, after the answer in any case.
 */
const settle = async (call: Call<unknown>, lease: IdempotencyLease, answer: EndedAnswer | undefined): Promise<void> => {
  const writing = lease.finish(answer, call.handedOver);
  call.deferred.push(() => writing);
  let timer: NodeJS.Timeout | undefined;
  const timeLimit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, settleWaitMs);
  });
  await Promise.race([writing.catch(() => undefined), timeLimit]);
  clearTimeout(timer);
};

/** Copies a stream that passes, up to the longest that can be kept, and settles its row before its end leaves. */
class Copy {
  readonly #isEnd: ((frame: string) => boolean) | undefined;
  readonly #settle: (body: Buffer | undefined) => Promise<void>;
  #parts: Buffer[] = [];
  #bytes = 0;
  #settled = false;

  /** @param isEnd of an event stream's frames; other bytes have no mark, and their end is that of the stream. */
  constructor(isEnd: ((frame: string) => boolean) | undefined, settle: (body: Buffer | undefined) => Promise<void>) {
    this.#isEnd = isEnd;
    this.#settle = settle;
  }

  /** Whether all of it passed, or is about to, and it says of itself that it is whole. */
  get settled(): boolean {
    return this.#settled;
  }

  async *of(stream: Readable): AsyncGenerator<Buffer, void, undefined> {
    const isEnd = this.#isEnd;
    for await (const part of stream) {
      const bytes: Buffer = typeof part === "string" ? Buffer.from(part) : (part as Buffer);
      this.#keep(bytes);
      const endAt = isEnd === undefined ? undefined : endOf(bytes, isEnd);
      if (endAt === undefined) {
        yield bytes;
        continue;
      }
      if (endAt > 0) yield bytes.subarray(0, endAt);
      await this.#end();
      yield bytes.subarray(endAt);
    }
    if (isEnd === undefined) await this.#end();
  }

  #keep(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes <= maxKeptBytes) this.#parts.push(bytes);
    else this.#parts = [];
  }

  async #end(): Promise<void> {
    this.#settled = true;
    await this.#settle(this.#bytes > maxKeptBytes ? undefined : Buffer.concat(this.#parts));
  }
}

/** Where the end of an event stream begins in a part, which is whole frames; undefined for a part without it. */
const endOf = (part: Buffer, isEnd: (frame: string) => boolean): number | undefined => {
  // One character a byte.
  const frames = part.toString("latin1");
  const at = lastFrameAt(frames);
  return isEnd(frames.slice(at)) ? at : undefined;
};

const jsonType = "application/json; charset=utf-8";

const capture = async (
  call: Call<unknown>,
  lease: IdempotencyLease,
  result: EndpointResult,
): Promise<EndpointResult> => {
  const { status, json, text, stream } = result;
  const headers = kept({ ...(json === undefined ? {} : { "content-type": jsonType }), ...result.headers });
  if (stream === undefined) {
    const body = Buffer.from(json === undefined ? (text ?? "") : JSON.stringify(json));
    const isKept = result.refusedStatus === undefined || !isPassing(result.refusedStatus);
    await settle(call, lease, isKept ? { status, headers, body: fitting(body), streamed: false } : undefined);
    return result;
  }
  const isEvents = headers["content-type"]?.startsWith(eventStreamType) === true;
  const copy = new Copy(isEvents ? call.wire.isEnd : undefined, (body) =>
    settle(call, lease, { status, headers, body, streamed: true }),
  );
  // A stream that broke off frees its key, unless paid work was handed over.
  call.deferred.push(async () => (copy.settled ? undefined : lease.finish(undefined, call.handedOver)));
  return { ...result, stream: Readable.from(copy.of(stream), { objectMode: false }) };
};

const fitting = (body: Buffer): Buffer | undefined => (body.length > maxKeptBytes ? undefined : body);

/** A refusal as it is kept. One for a header is not: that header may be corrected under the same key. */
const keptRefusal = ({ wire, requestId }: Call<unknown>, error: GatewayError): EndedAnswer | undefined =>
  isHeaderParam(error.param)
    ? undefined
    : {
        status: wire.errorStatus(error),
        headers: { "content-type": jsonType },
        body: Buffer.from(JSON.stringify(wire.errorBody(error, requestId))),
        streamed: false,
      };

/**
 * Answers a request with an `Idempotency-Key`: the first one generates, and its answer is what every other one gets.
 * @param key the header as it came.
 * @param deadlineMs Unix ms by which the request is over: a function that was killed frees its key then.
 * @throws GatewayError 400 for a key that is none, 409 while another holds it, and what `handle` throws
 */
export const answerOnce = async <Body>(
  call: Call<Body>,
  key: string,
  handle: (call: Call<Body>) => Promise<EndpointResult>,
  deadlineMs: number,
): Promise<EndpointResult> => {
  const lease = await takeLease({
    userId: anyPrincipal(call).userId,
    route: call.route.id,
    key: checkedIdempotencyKey(key),
    body: call.body,
    headers: call.headers,
    requestId: call.requestId,
    deadlineMs,
    nowMs: call.startedAtMs,
  });
  if (!(lease instanceof IdempotencyLease)) return toResult(lease);
  call.beforeHandOver = () => lease.keepForHandOver();
  let result: EndpointResult;
  try {
    result = await handle(call);
  } catch (thrown) {
    const error = toGatewayError(thrown);
    await settle(call, lease, keptRefusal(call, error));
    throw error;
  }
  return capture(call, lease, result);
};
