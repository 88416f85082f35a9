const minuteMs = 60_000;
const maxTries = 5;

/**
 * Counts within one minute: the windows of limits begin with it, and requests on both sides of its edge are of two windows.
 * What began in one minute and ended in another is done anew.
 */
export const withinOneMinute = async <Value>(count: () => Promise<Value>): Promise<Value> => {
  for (let tries = 1; ; tries++) {
    const began = Math.floor(Date.now() / minuteMs);
    const value = await count();
    if (Math.floor(Date.now() / minuteMs) === began) return value;
    if (tries === maxTries) throw new Error("It takes longer than a minute");
  }
};
