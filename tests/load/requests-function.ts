import { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import "#tests/support/setup.ts";
import * as z from "zod";
import { handler } from "#functions/chat-completions.ts";
import { lambdaContext, proxyEvent } from "#tests/core/support/lambda.ts";

/**
 * The function of chat completions alone in its process, for `tests/load/requests.ts`: it serves one request after the other,
 * several at a time, and reports the memory that collections leave, at equal distances.
 */

const settings = z
  .object({ key: z.string(), requests: z.number(), looks: z.number(), atOnce: z.number() })
  .parse(JSON.parse(process.env.REQUESTS ?? "{}"));

const collectGarbage = globalThis.gc;
if (collectGarbage === undefined) throw new Error("Run with --expose-gc");
/** V8 frees buffers beside the collection: they are gone a moment later. */
const sweepMs = 50;

const liveBytes = async (): Promise<number> => {
  for (let round = 0; round < 2; round += 1) {
    collectGarbage();
    await pause(sweepMs);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** A client that reads everything and keeps nothing but the status. */
class Sink extends Writable {
  metadata: { readonly statusCode: number } | undefined;

  override _write(_part: Buffer, _encoding: string, done: () => void): void {
    done();
  }
}

const call = handler as unknown as (event: unknown, response: Sink, context: unknown) => Promise<unknown>;

/** Requests of every kind that a caller can make grow: models, questions, cached or not, streamed or not, refused. */
const bodyOf = (index: number): object => ({
  model: index % 5 === 0 ? `openai/made-up-${index}` : index % 2 === 0 ? "claude-sonnet-4-6" : "gpt-5.2",
  stream: index % 3 === 0,
  messages: [{ role: "user", content: `Question ${index}` }],
  ...(index % 11 === 0 ? { temperature: 9 } : {}),
});

const serve = async (index: number): Promise<void> => {
  const sink = new Sink();
  const headers = {
    Authorization: `Bearer ${settings.key}`,
    ...(index % 4 === 0 ? {} : { "X-Cache": "no-cache" }),
    ...(index % 7 === 0 ? { "Idempotency-Key": `key-${index}` } : {}),
  };
  const event = proxyEvent({ method: "POST", path: "/api/v1/chat/completions", headers, body: bodyOf(index) });
  await call(event, sink, lambdaContext(60_000));
  if (!sink.writableFinished) await finished(sink);
  const expected = index % 11 === 0 ? 400 : 200;
  if (sink.metadata?.statusCode !== expected) throw new Error(`Request ${index}: ${sink.metadata?.statusCode}`);
};

let next = 0;
const serveUntil = async (end: number): Promise<void> => {
  const worker = async (): Promise<void> => {
    while (next < end) {
      const index = next;
      next += 1;
      await serve(index);
    }
  };
  await Promise.all(Array.from({ length: settings.atOnce }, worker));
};

const report = (bytes: number): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.send?.(bytes, () => resolve());
  return promise;
};

for (let look = 1; look <= settings.looks; look += 1) {
  await serveUntil(Math.round((settings.requests / settings.looks) * look));
  await report(await liveBytes());
}
process.exit(0);
