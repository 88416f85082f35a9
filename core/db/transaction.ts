import { setTimeout as pause } from "node:timers/promises";
import { TransactWriteCommand, type TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { documents } from "./document-client.ts";
import { TableUnavailable } from "./table-unavailable.ts";

/** Several writes, all or none. */

export type TransactionItem = NonNullable<TransactWriteCommandInput["TransactItems"]>[number];

/** Codes of a transaction's items in their order, such as `None` and `ConditionalCheckFailed`. */
const cancelledSchema = z.object({
  name: z.literal("TransactionCanceledException"),
  CancellationReasons: z.array(
    z.object({ Code: z.string().optional(), Item: z.record(z.string(), z.unknown()).optional() }),
  ),
});

type Reasons = z.infer<typeof cancelledSchema>["CancellationReasons"];

const conditionFailed = "ConditionalCheckFailed";
/** Codes that are nobody's fault: another transaction on the same row, or too many requests. */
const transientCodes = new Set(["None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]);

/** Nothing was written, since the condition of at least one item did not hold. */
export class TransactionRefused extends Error {
  override readonly name = "TransactionRefused";
  readonly #reasons: Reasons;

  constructor(reasons: Reasons) {
    super("A condition of the transaction did not hold");
    this.#reasons = reasons;
  }

  /** Positions of the items whose condition did not hold. */
  get failed(): readonly number[] {
    return this.#reasons.flatMap(({ Code }, index) => (Code === conditionFailed ? [index] : []));
  }

  /** The row that refused an item which asks for it (`ReturnValuesOnConditionCheckFailure`), in DynamoDB's typed form. */
  rowOf(index: number): Readonly<Record<string, unknown>> | undefined {
    return this.#reasons[index]?.Item;
  }
}

const maxTries = 6;
const baseDelayMs = 15;

/**
 * Writes all items or none. Conflicts with other transactions are tried again a few times with full jitter; a try whose
 * answer was lost is not done twice (the SDK sends one token for all tries of a call).
 * @throws TransactionRefused, TableUnavailable
 */
export const transact = async (items: readonly TransactionItem[]): Promise<void> => {
  for (let tries = 1; ; tries++) {
    try {
      await documents.send(new TransactWriteCommand({ TransactItems: [...items] }));
      return;
    } catch (error) {
      const cancelled = cancelledSchema.safeParse(error);
      if (!cancelled.success) throw error;
      const reasons = cancelled.data.CancellationReasons;
      if (reasons.some(({ Code }) => Code === conditionFailed)) throw new TransactionRefused(reasons);
      if (!reasons.every(({ Code = "None" }) => transientCodes.has(Code))) throw error;
      if (tries >= maxTries) throw new TableUnavailable("conflicting transactions");
      await pause(Math.random() * baseDelayMs * 2 ** tries);
    }
  }
};
