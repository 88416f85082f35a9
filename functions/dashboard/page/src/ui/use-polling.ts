import { useEffect, useRef } from "preact/hooks";

/**
 * Runs again and again while it is active and the tab is seen; at once when the tab is seen again. A hidden tab asks for
 * nothing.
 */
export const usePolling = (active: boolean, everyMs: number, run: () => void): void => {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    if (!active) return undefined;
    let timer: ReturnType<typeof setInterval> | undefined;
    const start = (): void => {
      clearInterval(timer);
      timer = document.visibilityState === "visible" ? setInterval(() => latest.current(), everyMs) : undefined;
    };
    const seenOrHidden = (): void => {
      if (document.visibilityState === "visible") latest.current();
      start();
    };
    start();
    document.addEventListener("visibilitychange", seenOrHidden);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", seenOrHidden);
    };
  }, [active, everyMs]);
};
