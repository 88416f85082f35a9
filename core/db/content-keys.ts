import type { ItemKey } from "./table.ts";

// Apart from row-keys.ts, which every chat loads.

/** What was asked and answered in a generation, of a key that records it. */
export const contentKey = (userId: string, requestId: string, generation: number): ItemKey => ({
  pk: `USER#${userId}`,
  sk: `CONTENT#${requestId}#${generation}`,
});

/** A message of an export that holds recorded content. */
export const exportedContentKey = (userId: string, deliveryId: string): ItemKey => ({
  pk: `USER#${userId}`,
  sk: `EXPORTED_CONTENT#${deliveryId}`,
});
