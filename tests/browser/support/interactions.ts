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

/** What the calculation below takes where the limit was set: the machine of CI, with nothing else to do. */
const calmCalculationMs = 30;

/** A fixed calculation. */
const calculate = (): number => {
  const words = Array.from({ length: 30_000 }, (_, index) => `word ${(index * 7_919) % 30_011}`);
  return words.sort((left, right) => (left < right ? -1 : 1)).join("").length;
};

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
  const processorMsOf = async (act: () => Promise<unknown>): Promise<number> => {
    const before = await processorMs();
    await act();
    return (await processorMs()) - before;
  };
  return {
    /** Does one thing, and waits for what it shows. */
    interact: async (name: string, act: () => Promise<unknown>): Promise<void> => {
      const took = await processorMsOf(act);
      if (took < maxInteractionMs) return;
      // A slow or shared processor takes longer for everything: the limit is what a calm one does in 200 ms.
      const slowness = (await processorMsOf(() => page.evaluate(calculate))) / calmCalculationMs;
      expect(took / slowness, name).toBeLessThan(maxInteractionMs);
    },
    longestMs: async (): Promise<number> => {
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      return page.evaluate(() => window.longestInteractionMs);
    },
  };
};
