import type { CatalogModel } from "./model.ts";

const dayMs = 86_400_000;

/** How long before its end the answers of a model say so. */
export const noticeDays = 60;

/**
 * What `X-Warnings` says of a model that is about to end, or may have: nothing until 60 days before. The name of the field
 * comes first, as in every warning.
 */
export const shutdownWarning = (
  model: Pick<CatalogModel, "id" | "deprecated"> | undefined,
  nowMs: number = Date.now(),
): string | undefined => {
  const { id, deprecated } = model ?? {};
  if (deprecated === undefined || Date.parse(deprecated.shutDownOn) - nowMs > noticeDays * dayMs) return undefined;
  return `model (${id} ends on ${deprecated.shutDownOn}; use ${deprecated.successor})`;
};
