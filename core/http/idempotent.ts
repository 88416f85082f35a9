import { Readable } from "node:stream";
import { maxTextBytes } from "#core/cache/sealed-text.ts";
import { toGatewayError } from "#core/errors.ts";
import { IdempotencyLease, readIdempotencyKey, type StoredAnswer, takeLease } from "#core/idempotency/idempotency.ts";
import { anyPrincipal } from "./authenticate.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";

/** Headers that belong to the answer rather than to the request that brought it. */
const keptHeaders = ["content-type", "x-model-used", "x-provider-used", "x-attempts", "x-cache", "x-warnings"] as const;

const kept = (headers: Readonly<Record<string, string>> | undefined): Record<string, string> =>
  Object.fromEntries(keptHeaders.flatMap((name) => (headers?.[name] === undefined ? [] : [[name, headers[name]]])));

const toResult = ({ status, headers, body, streamed }: StoredAnswer): EndpointResult => {
  const replayed = { ...headers, "x-idempotent-replay": "true" };
  return streamed
    ? { status, stream: Readable.from([body]), headers: replayed }
    : { status, text: body, headers: replayed };
};

const endMark = "data: [DONE]\n\n";

/** Copies a stream that passes, up to the longest that can be kept. */
class Copy {
  #parts: string[] = [];
  #bytes = 0;
  #ended = false;

  async *of(stream: Readable): AsyncGenerator<Buffer | string> {
    for await (const part of stream) {
      const bytes = part as Buffer;
      this.#bytes += bytes.length;
      if (this.#bytes <= maxTextBytes) this.#parts.push(bytes.toString("utf8"));
      else this.#parts = [];
      yield bytes;
    }
    this.#ended = true;
  }

  /** The whole stream; empty text for one that is too long; undefined for one that did not end well. */
  get text(): string | undefined {
    if (!this.#ended) return undefined;
    if (this.#bytes > maxTextBytes) return " ".repeat(maxTextBytes + 1);
    const text = this.#parts.join("");
    return text.endsWith(endMark) || text.includes("event: done") ? text : undefined;
  }
}

const capture = (call: Call<unknown>, lease: IdempotencyLease, result: EndpointResult): EndpointResult => {
  const headers = kept({
    ...(result.json === undefined ? {} : { "content-type": "application/json; charset=utf-8" }),
    ...result.headers,
  });
  if (result.stream === undefined) {
    const body = result.json === undefined ? (result.text ?? "") : JSON.stringify(result.json);
    call.afterwards.push(() => lease.finish({ status: result.status, headers, body, streamed: false }));
    return result;
  }
  const copy = new Copy();
  call.afterwards.push(() => {
    const body = copy.text;
    return lease.finish(body === undefined ? undefined : { status: result.status, headers, body, streamed: true });
  });
  return { ...result, stream: Readable.from(copy.of(result.stream), { objectMode: false }) };
};

/** Honours `Idempotency-Key` on an endpoint that generates; without the header nothing is added. */
export const idempotent =
  <Body>(handle: (call: Call<Body>) => Promise<EndpointResult>) =>
  async (call: Call<Body>): Promise<EndpointResult> => {
    const key = readIdempotencyKey(call.headers["idempotency-key"]);
    if (key === undefined) return handle(call);
    const lease = await takeLease({
      userId: anyPrincipal(call).userId,
      route: call.route.id,
      key,
      body: call.body,
      requestId: call.requestId,
      deadlineMs: call.lambdaDeadlineMs,
      nowMs: call.startedAtMs,
    });
    if (!(lease instanceof IdempotencyLease)) return toResult(lease);
    try {
      return capture(call, lease, await handle(call));
    } catch (thrown) {
      const error = toGatewayError(thrown);
      call.afterwards.push(() =>
        lease.finish({
          status: error.status,
          headers: { "content-type": "application/json; charset=utf-8" },
          body: JSON.stringify(error.toBody()),
          streamed: false,
        }),
      );
      throw error;
    }
  };
