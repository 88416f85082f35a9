import { loggableError, logger } from "#core/observability/logger.ts";
import { flushMetrics } from "#core/observability/metrics.ts";
import type { BackgroundId } from "#core/routes.ts";

/** A Lambda that a schedule or a stream calls: one log line and one blob of metrics, and its failure is Lambda's to retry. */
export const backgroundHandler =
  <Result>(id: BackgroundId, work: (event: unknown) => Promise<Result>) =>
  async (event: unknown): Promise<Result> => {
    const startedAt = performance.now();
    try {
      const result = await work(event);
      logger.info("background", { route: id, duration_ms: Math.round(performance.now() - startedAt) });
      return result;
    } catch (error) {
      logger.error("Background work failed", { route: id, error: loggableError(error) });
      throw error;
    } finally {
      flushMetrics({ route: id });
    }
  };
