import { availableParallelism, loadavg } from "node:os";
import type { Page } from "playwright-core";
import { expect } from "vitest";

declare global {
  interface Window {
    longestInteractionMs: number;
  }
}

export const maxInteractionMs = 200;
/** With others at work, the time to a paint says more of them than of the page. */
export const isCalm = (): boolean => (loadavg()[0] ?? 0) < availableParallelism();

/**
 * Interaction to next paint by the browser's own measure, and the processor time of the page's main thread, which holds on a
 * busy machine too.
 */
export const measureInteractions = async (page: Page) => {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.evaluate(() => {
    window.longestInteractionMs = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        window.longestInteractionMs = Math.max(window.longestInteractionMs, duration);
      }
    }).observe({ type: "event", durationThreshold: 16 } as PerformanceObserverInit);
  });
  const processorMs = async (): Promise<number> => {
    const { metrics } = await session.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN) * 1_000;
  };
  return {
    /** Does one thing, and waits for what it shows. */
    interact: async (name: string, act: () => Promise<unknown>): Promise<void> => {
      const before = await processorMs();
      await act();
      expect((await processorMs()) - before, name).toBeLessThan(maxInteractionMs);
    },
    longestMs: async (): Promise<number> => {
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      return page.evaluate(() => window.longestInteractionMs);
    },
  };
};
