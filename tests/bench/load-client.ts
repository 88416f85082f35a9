import { Agent, request } from "node:http";

/** A closed loop over kept-alive connections: each sends its next request when its last answer is whole. */

export interface LoadTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Text that a whole answer ends in or holds near its end; its absence is an error. */
  readonly mark: string;
  /** That the answer has to have; 200 unless given. */
  readonly status?: number;
}

export interface LoadBounds {
  readonly connections: number;
  readonly maxRequests: number;
  /** No request is begun after this, ms. */
  readonly maxMs: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly elapsedMs: number;
  /** From the first byte sent to the last received, ms, one a request. */
  readonly wholeMs: readonly number[];
  /** To the first byte of the body, ms. */
  readonly firstByteMs: readonly number[];
}

export interface Exchange {
  readonly firstByteMs: number;
  readonly wholeMs: number;
}

const answerTimeoutMs = 60_000;
/** The last event of OpenAI's responses holds the whole answer. */
const keptTailBytes = 4_096;

/** One request. Rejects on any other status than the target's, on a cut answer and on one without its mark. */
export const exchange = ({ url, headers, body, mark, status = 200 }: LoadTarget, agent: Agent): Promise<Exchange> => {
  const { promise, resolve, reject } = Promise.withResolvers<Exchange>();
  const startedAt = performance.now();
  let firstByteMs: number | undefined;
  let tail: Buffer = Buffer.alloc(0);
  const call = request(url, {
    method: "POST",
    agent,
    timeout: answerTimeoutMs,
    headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...headers },
  });
  call.once("response", (response) => {
    response.on("readable", () => {
      for (let part: unknown = response.read(); Buffer.isBuffer(part); part = response.read()) {
        firstByteMs ??= performance.now() - startedAt;
        tail = part.length >= keptTailBytes ? part : Buffer.concat([tail.subarray(-keptTailBytes), part]);
      }
    });
    response.once("error", reject);
    response.once("end", () => {
      const wholeMs = performance.now() - startedAt;
      const text = tail.toString("utf8", Math.max(0, tail.length - keptTailBytes));
      if (response.statusCode !== status)
        reject(new Error(`${url} answered ${response.statusCode}: ${text.slice(-256)}`));
      else if (!text.includes(mark)) reject(new Error(`${url} answered without its end: ${text.slice(-256)}`));
      else resolve({ firstByteMs: firstByteMs ?? wholeMs, wholeMs });
    });
  });
  call.once("timeout", () => call.destroy(new Error(`${url}: nothing for ${answerTimeoutMs} ms`)));
  call.once("error", reject);
  call.end(body);
  return promise;
};

/** Runs the loop until its count or its time is reached. Rejects with the first error. */
export const runLoad = async (target: LoadTarget, bounds: LoadBounds): Promise<LoadResult> => {
  const agent = new Agent({ keepAlive: true, maxSockets: bounds.connections });
  const wholeMs: number[] = [];
  const firstByteMs: number[] = [];
  const startedAt = performance.now();
  let begun = 0;
  const loop = async (): Promise<void> => {
    while (begun < bounds.maxRequests && performance.now() - startedAt < bounds.maxMs) {
      begun += 1;
      const done = await exchange(target, agent);
      wholeMs.push(done.wholeMs);
      firstByteMs.push(done.firstByteMs);
    }
  };
  try {
    await Promise.all(Array.from({ length: bounds.connections }, loop));
  } finally {
    agent.destroy();
  }
  return { requests: wholeMs.length, elapsedMs: performance.now() - startedAt, wholeMs, firstByteMs };
};
