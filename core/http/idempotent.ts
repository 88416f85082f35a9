import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";

/** Unix ms by which a request is over: a function that was killed frees its key then. */
type Deadline<Body> = (call: Call<Body>) => number | Promise<number>;

/** Kept: an import costs its look-up each time, though the module is there. */
let answering: Promise<typeof import("./answer-once.ts")> | undefined;

/**
 * Honours `Idempotency-Key` on an endpoint that generates. Without the header nothing is added, not even its code: few
 * requests bring one, and every cold start would read it.
 */
export const idempotent =
  <Body>(
    handle: (call: Call<Body>) => Promise<EndpointResult>,
    deadlineMs: Deadline<Body> = ({ lambdaDeadlineMs }) => lambdaDeadlineMs,
  ) =>
  async (call: Call<Body>): Promise<EndpointResult> => {
    const key = call.headers["idempotency-key"];
    if (key === undefined) return handle(call);
    answering ??= import("./answer-once.ts");
    const { answerOnce } = await answering;
    return answerOnce(call, key, handle, await deadlineMs(call));
  };
