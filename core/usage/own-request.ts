import { findRequest, putFeedback } from "#core/db/request-log.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { GatewayError } from "#core/errors.ts";
import type { FeedbackBody } from "#core/schemas/requests.ts";

/** One request of the log, for those who may see it. */

export interface Viewer {
  readonly kind: "key" | "session";
  readonly userId: string;
  /** Of a key. */
  readonly keyId?: string;
}

const maxFeedbackAgeMs = 30 * 86_400_000;

/** All generations of a request that the caller may see: a session the account's, a key its own. @throws GatewayError NOT_FOUND */
export const ownRequest = async (
  viewer: Viewer,
  requestId: string,
): Promise<readonly [UsageEvent, ...UsageEvent[]]> => {
  const events = await findRequest(viewer.userId, requestId);
  const [first, ...others] = events.filter(({ keyId }) => viewer.kind === "session" || keyId === viewer.keyId);
  if (first === undefined) throw new GatewayError("NOT_FOUND", "No request has this id.", { param: "id" });
  return [first, ...others];
};

/** Notes what somebody thinks of a request's answer; the last feedback counts. @throws GatewayError NOT_FOUND, CONFLICT */
export const giveFeedback = async (
  viewer: Viewer,
  requestId: string,
  { score, comment, tags }: FeedbackBody,
  nowMs: number,
): Promise<UsageEvent> => {
  const [first] = await ownRequest(viewer, requestId);
  if (nowMs - first.startedAt > maxFeedbackAgeMs) {
    throw new GatewayError("CONFLICT", "Feedback can be given for 30 days.", { param: "id", shouldRetry: false });
  }
  const feedback = {
    score,
    ...(comment === undefined ? {} : { comment }),
    ...(tags === undefined ? {} : { tags }),
    at: nowMs,
  };
  if (!(await putFeedback(first, feedback))) {
    throw new GatewayError("CONFLICT", "The request has not ended yet.", { param: "id" });
  }
  return { ...first, feedback };
};
