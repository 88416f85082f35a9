import { Readable } from "node:stream";
import { toGatewayError } from "#core/errors.ts";
import {
  IdempotencyLease,
  maxKeptBytes,
  readIdempotencyKey,
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
const endMark = "data: [DONE]\n\n";
const endEvent = "event: done\n";

/** Whether an event stream ended as it should: a late error is told in the stream, which then ends without its mark. */
const endsWell = (frames: string): boolean => {
  const before = frames.lastIndexOf("\n\n", frames.length - 3);
  const last = before < 0 ? frames : frames.slice(before + 2);
  return last === endMark || last.startsWith(endEvent);
};

/** Copies a stream that passes, up to the longest that can be kept. */
class Copy {
  #parts: Buffer[] = [];
  #bytes = 0;
  #last: Buffer = Buffer.alloc(0);
  #ended = false;

  async *of(stream: Readable): AsyncGenerator<Buffer, void, undefined> {
    for await (const part of stream) {
      const bytes: Buffer = typeof part === "string" ? Buffer.from(part) : (part as Buffer);
      this.#bytes += bytes.length;
      this.#last = bytes;
      if (this.#bytes <= maxKeptBytes) this.#parts.push(bytes);
      else this.#parts = [];
      yield bytes;
    }
    this.#ended = true;
  }

  /** Whether all of it passed, and it says of itself that it is whole. */
  isWhole(contentType: string): boolean {
    if (!this.#ended || !contentType.startsWith(eventStreamType)) return this.#ended;
    // Parts are whole frames: the last one holds the end.
    return endsWell(this.#last.toString("utf8"));
  }

  /** Undefined for a stream that was too long. */
  get body(): Buffer | undefined {
    return this.#bytes > maxKeptBytes ? undefined : Buffer.concat(this.#parts);
  }
}

const jsonType = "application/json; charset=utf-8";

const capture = (call: Call<unknown>, lease: IdempotencyLease, result: EndpointResult): EndpointResult => {
  const { status, json, text, stream } = result;
  const headers = kept({ ...(json === undefined ? {} : { "content-type": jsonType }), ...result.headers });
  if (stream === undefined) {
    const body = Buffer.from(json === undefined ? (text ?? "") : JSON.stringify(json));
    call.afterwards.push(() => lease.finish({ status, headers, body: fitting(body), streamed: false }));
    return result;
  }
  const copy = new Copy();
  call.afterwards.push(() => {
    const whole = copy.isWhole(headers["content-type"] ?? "");
    return lease.finish(whole ? { status, headers, body: copy.body, streamed: true } : undefined);
  });
  return { ...result, stream: Readable.from(copy.of(stream), { objectMode: false }) };
};

const fitting = (body: Buffer): Buffer | undefined => (body.length > maxKeptBytes ? undefined : body);

/** Unix ms by which a request is over: a function that was killed frees its key then. */
type Deadline<Body> = (call: Call<Body>) => number;

/** Honours `Idempotency-Key` on an endpoint that generates; without the header nothing is added. */
export const idempotent =
  <Body>(
    handle: (call: Call<Body>) => Promise<EndpointResult>,
    deadlineMs: Deadline<Body> = ({ lambdaDeadlineMs }) => lambdaDeadlineMs,
  ) =>
  async (call: Call<Body>): Promise<EndpointResult> => {
    const key = readIdempotencyKey(call.headers["idempotency-key"]);
    if (key === undefined) return handle(call);
    const lease = await takeLease({
      userId: anyPrincipal(call).userId,
      route: call.route.id,
      key,
      body: call.body,
      requestId: call.requestId,
      deadlineMs: deadlineMs(call),
      nowMs: call.startedAtMs,
    });
    if (!(lease instanceof IdempotencyLease)) return toResult(lease);
    try {
      return capture(call, lease, await handle(call));
    } catch (thrown) {
      const error = toGatewayError(thrown);
      const body = Buffer.from(JSON.stringify(error.toBody()));
      const headers = { "content-type": jsonType };
      call.afterwards.push(() => lease.finish({ status: error.status, headers, body, streamed: false }));
      throw error;
    }
  };
