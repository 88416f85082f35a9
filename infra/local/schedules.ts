import type { BackgroundFunction } from "#core/routes.ts";
import type { FunctionPool } from "./lambda/function-pool.ts";

/** Calls scheduled functions as EventBridge would: at their rate, with its event. */

const units = { minute: 60_000, minutes: 60_000, hour: 3_600_000, hours: 3_600_000 } as const;

/** A longer one would run at once: Node keeps 31 bits of it. */
const longestTimerMs = 2 ** 31 - 1;

/** Milliseconds of a schedule such as `rate(5 minutes)`. */
const rateMs = (schedule: string): number => {
  const match = /^rate\((\d+) (minutes?|hours?)\)$/.exec(schedule);
  const unit = match?.[2] as keyof typeof units | undefined;
  if (match?.[1] === undefined || unit === undefined) throw new Error(`Not a rate: ${schedule}`);
  return Number(match[1]) * units[unit];
};

const scheduledEvent = (): string =>
  JSON.stringify({
    version: "0",
    "detail-type": "Scheduled Event",
    source: "aws.events",
    time: new Date().toISOString(),
    detail: {},
  });

interface Scheduled {
  readonly definition: BackgroundFunction;
  readonly pool: FunctionPool;
}

/**
 * Starts the schedules; functions with another trigger are left alone. A run that fails is in the functions' log.
 * @param scale how many times as often as on AWS they run.
 */
export const startSchedules = (functions: readonly Scheduled[], scale = 1): { stop(): void } => {
  const timers = functions.flatMap(({ definition, pool }) =>
    "schedule" in definition.trigger
      ? [
          setInterval(
            () => void pool.invoke(scheduledEvent()),
            Math.min(longestTimerMs, rateMs(definition.trigger.schedule) / scale),
          ),
        ]
      : [],
  );
  return {
    stop: () => {
      for (const timer of timers) clearInterval(timer);
    },
  };
};
