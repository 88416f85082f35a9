import type { RequestOf } from "./requests.ts";
import type { SlidingWindows } from "./sliding-window.ts";

type Limit = RequestOf<"limit">;

/** ratelimit.limit: counts by namespace and identifier. A refused request is not counted. */
export const limit = (request: Limit, windows: SlidingWindows, nowMs: number) => {
  const { exceeded, ...rest } = checkOne(request, windows, nowMs);
  return { ...rest, success: !exceeded };
};

/** ratelimit.multiLimit: each limit by itself. `passed` says whether all did. */
export const multiLimit = (request: RequestOf<"multiLimit">, windows: SlidingWindows, nowMs: number) => {
  const limits = request.map((one) => {
    const { exceeded, ...rest } = checkOne(one, windows, nowMs);
    return { namespace: one.namespace, identifier: one.identifier, ...rest, passed: !exceeded };
  });
  return { passed: limits.every(({ passed }) => passed), limits };
};

const checkOne = (request: Limit, windows: SlidingWindows, nowMs: number) => {
  const { namespace, identifier, cost, duration: durationMs } = request;
  const counter = `${JSON.stringify(namespace)} ${identifier}`;
  const [verdict] = windows.check([{ counter, cost, limit: request.limit, durationMs }], nowMs);
  const { exceeded = false, remaining = 0, resetMs = nowMs } = verdict ?? {};
  return { limit: request.limit, remaining, reset: resetMs, exceeded };
};
