import { Readable } from "node:stream";
import { finishRequest } from "./observe.ts";
import type { Call } from "./request-state.ts";

async function* finishing(
  call: Call<unknown>,
  source: AsyncIterable<Buffer | string>,
): AsyncGenerator<Buffer | string, void, undefined> {
  try {
    yield* source;
  } catch (thrown) {
    await finishRequest(call);
    throw thrown;
  }
}

/**
 * A body that cannot tell of an error inside itself (audio, half a JSON document): it breaks off, which no client takes for
 * an answer. A broken response stream ends Lambda's runtime at once, so the request's own work is finished before that.
 */
export const rawBody = (call: Call<unknown>, source: AsyncIterable<Buffer | string>): Readable =>
  Readable.from(finishing(call, source), { objectMode: false });
