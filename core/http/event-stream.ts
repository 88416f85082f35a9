import type { GatewayError } from "#core/errors.ts";
import type { EndpointResult } from "./response.ts";
import { heartbeatMs, SseBody } from "./sse-body.ts";

export interface StartedStream {
  readonly frames: AsyncIterable<Buffer | string>;
  readonly headers: Readonly<Record<string, string>>;
}

export interface EventStreamOptions {
  /** Resolves with the first content, so that an early failure is a true status. */
  readonly start: Promise<StartedStream>;
  readonly toError: (thrown: unknown) => GatewayError;
  readonly signal: AbortSignal;
  /** How a late error is written into the stream; as OpenAI's unless given. */
  readonly errorFrame?: (error: GatewayError) => string;
  /** What is sent after silence; a comment unless given. */
  readonly heartbeat?: string;
  /** How long the status line waits for the first content, ms. */
  readonly openAfterMs?: number;
}

const streamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
} as const;

async function* whenStarted(start: Promise<StartedStream>): AsyncGenerator<Buffer | string> {
  const { frames } = await start;
  yield* frames;
}

const late = Symbol("late");

/**
 * An event stream whose status waits for the first content. After 15 s without any it opens with a heartbeat, and whatever
 * follows, errors too, goes into the stream. @throws what `start` rejects with before that.
 */
export const eventStream = async (options: EventStreamOptions): Promise<EndpointResult> => {
  const { start, toError, signal, errorFrame, heartbeat } = options;
  const common = {
    toError,
    signal,
    ...(errorFrame === undefined ? {} : { errorFrame }),
    ...(heartbeat === undefined ? {} : { heartbeat }),
  };
  let timer: NodeJS.Timeout | undefined;
  const heartbeatDue = new Promise<typeof late>((resolve) => {
    timer = setTimeout(() => resolve(late), options.openAfterMs ?? heartbeatMs);
  });
  try {
    const first = await Promise.race([start, heartbeatDue]);
    if (first === late) {
      const body = new SseBody({ source: whenStarted(start), ...common, startWithHeartbeat: true });
      return { status: 200, stream: body, headers: streamHeaders };
    }
    const body = new SseBody({ source: first.frames, ...common });
    return { status: 200, stream: body, headers: { ...streamHeaders, ...first.headers } };
  } finally {
    clearTimeout(timer);
  }
};
