import { type DeliveryRow, listDeliveries } from "#core/db/deliveries.ts";

/** Deliveries as their owner sees them: without what is sent. */

const maxShown = 100;

const moment = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

/** A delivery as its owner sees it. */
export const deliveryView = ({
  id,
  kind,
  exportId,
  messageId,
  url,
  state,
  tries,
  lastStatus,
  ...times
}: DeliveryRow) => ({
  id,
  kind,
  exportId: exportId ?? null,
  messageId,
  // The path and query may hold a secret of the receiver.
  origin: new URL(url).origin,
  state,
  tries,
  lastStatus: lastStatus ?? null,
  createdAt: moment(times.createdAt),
  lastTriedAt: moment(times.lastTriedAt),
  nextTryAt: state === "pending" ? moment(times.nextTryAt) : null,
});

/**
 * Up to 100 pending deliveries, newest first, and the last 100 that were made or given up. With more than 100 pending ones, those of
 * some destinations are left out. @throws TableUnavailable
 */
export const showDeliveries = async (userId: string) => {
  const { pending, ended } = await listDeliveries(userId, maxShown);
  const newestFirst = [...pending].sort((left, right) => right.createdAt - left.createdAt);
  return { pending: newestFirst.map(deliveryView), ended: ended.map(deliveryView) };
};
