/**
 * Detects that the process was frozen. Lambda freezes an environment between two requests, and a connection may die silently
 * meanwhile. A timer that fires far too late reveals it.
 */

const tickMs = 250;

/** A shorter freeze is not detected, ms. A busy event loop looks the same, which costs a new connection. */
export const shortestFreezeMs = 1_000;

let timer: NodeJS.Timeout | undefined;
let lastTickMs = 0;
let thawedAtMs = 0;

const look = (): void => {
  const nowMs = Date.now();
  if (nowMs - lastTickMs > shortestFreezeMs) thawedAtMs = nowMs;
  // The clock was set back: a thaw in the future would cost every connection until then.
  else if (thawedAtMs > nowMs) thawedAtMs = 0;
  lastTickMs = nowMs;
};

/** Begins to watch, without keeping the process alive. */
export const watchForFreezes = (): void => {
  if (timer !== undefined) return;
  lastTickMs = Date.now();
  timer = setInterval(look, tickMs).unref();
};

/** Unix ms at which the end of the last freeze was noticed; 0 when there was none. */
export const lastThawMs = (): number => {
  // The timer may not have fired yet since the thaw.
  if (timer !== undefined) look();
  return thawedAtMs;
};
