import { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import "#tests/support/setup.ts";
import * as z from "zod";
import { handler } from "#functions/chat-completions.ts";
import { lambdaContext, proxyEvent } from "#tests/core/support/lambda.ts";

/**
 * The function of chat completions alone in its process, for `tests/load/long-stream.ts`: one stream is read to its end and
 * thrown away. Prints one line of JSON: its length, and the most memory that was in use on the way. With `--expose-gc` that
 * is what collections leave; without, it is the resident set with its garbage, as in a Lambda.
 */

const settings = z
  .object({
    key: z.string(),
    warmUp: z.record(z.string(), z.unknown()),
    body: z.record(z.string(), z.unknown()),
  })
  .parse(JSON.parse(process.env.LONG_STREAM ?? "{}"));

const collectGarbage = globalThis.gc;
const lookEveryBytes = 2 * 1_024 * 1_024;
/** V8 frees buffers beside the collection: they are gone a moment later. */
const sweepMs = 20;

const memoryBytes = async (): Promise<number> => {
  if (collectGarbage === undefined) return process.memoryUsage.rss();
  collectGarbage();
  await pause(sweepMs);
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** A client that reads everything and keeps nothing. */
class Sink extends Writable {
  metadata: { readonly statusCode: number } | undefined;
  bytes = 0;
  tail = "";
  peakBytes = 0;
  #nextLook = 0;

  override _write(part: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.bytes += part.length;
    this.tail = part.subarray(-64).toString();
    if (this.bytes < this.#nextLook) {
      done();
      return;
    }
    this.#nextLook = this.bytes + lookEveryBytes;
    memoryBytes().then((bytes) => {
      this.peakBytes = Math.max(this.peakBytes, bytes);
      done();
    }, done);
  }
}

const call = handler as unknown as (event: unknown, response: Sink, context: unknown) => Promise<unknown>;

const open = async (content: object): Promise<Sink> => {
  const sink = new Sink();
  const event = proxyEvent({
    method: "POST",
    path: "/api/v1/chat/completions",
    headers: { Authorization: `Bearer ${settings.key}`, "Idempotency-Key": crypto.randomUUID() },
    body: content,
  });
  await call(event, sink, lambdaContext(300_000));
  if (!sink.writableFinished) await finished(sink);
  return sink;
};

const run = async (content: object, tries = 1): Promise<Sink> => {
  const sink = await open(content);
  if (sink.metadata?.statusCode === 503 && tries > 1) return run(content, tries - 1);
  if (sink.metadata?.statusCode !== 200) throw new Error(`Status ${sink.metadata?.statusCode}: ${sink.tail}`);
  if (!sink.tail.endsWith("data: [DONE]\n\n")) throw new Error(`The stream ended in ${sink.tail}`);
  return sink;
};

// What every stream loads, and every environment keeps, is not the long stream's.
// The first request of a process may be too slow for Unkey's time on a machine that is busy; later ones are known.
await run(settings.warmUp, 5);
const { bytes, peakBytes } = await run(settings.body);
process.stdout.write(`${JSON.stringify({ bytes, peakBytes })}\n`);
process.exit(0);
