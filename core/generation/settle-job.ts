import { settleAndRefund } from "#core/db/settle-and-refund.ts";
import { type SettledUsage, settleUsage } from "#core/db/usage-events.ts";

/** How a job's generation ended, seen by another function than the one that started it. */
export interface JobSettlement {
  readonly usage: SettledUsage & { readonly costPicoUsd: bigint | undefined };
  /** Booked against the daily cap when the job began. */
  readonly bookedPicoUsd: bigint;
  /** The caller's own key pays: nothing was booked. */
  readonly byok: boolean;
}

/**
 * Settles a job's usage row and returns the money that was booked for nothing. A second call, or one after a crash half way,
 * changes nothing that is done. @throws AwsError
 */
export const settleJob = async ({ usage, bookedPicoUsd, byok }: JobSettlement): Promise<void> => {
  const unspent = bookedPicoUsd - (usage.costPicoUsd ?? bookedPicoUsd);
  await (byok || unspent === 0n ? settleUsage(usage) : settleAndRefund(usage, unspent));
};
