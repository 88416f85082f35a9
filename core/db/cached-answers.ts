import * as z from "zod/mini";
import { sealedTextSchema } from "#core/encryption/sealed-text.ts";
import { rowKeys } from "./row-keys.ts";
import { deleteItem, failedCondition, getItem, type ItemKey, putItem } from "./table.ts";

/** The rows of cached answers and of the locks beside them. Expiry is checked on read: DynamoDB deletes late. */

const answerRowSchema = z.object({
  /** `completion` is a JSON body, `frames` is a stream without its usage frame and end mark. */
  format: z.enum(["completion", "frames"]),
  sealed: sealedTextSchema,
  model: z.string(),
  provider: z.string(),
  simulated: z._default(z.boolean(), false),
  /** JSON of the answer's token usage. */
  usage: z.optional(z.string()),
  /** Names of the request's fields that were dropped or clamped; absent in rows of older versions. */
  warnings: z.optional(z.array(z.string())),
  /** Unix seconds. */
  expiresAt: z.number(),
});

export type AnswerRow = z.infer<typeof answerRowSchema>;

const lockKey = (userId: string, digest: string): ItemKey => {
  const { pk, sk } = rowKeys.cachedAnswer(userId, digest);
  return { pk, sk: `${sk}#LOCK` };
};

const seconds = (ms: number): number => Math.floor(ms / 1_000);

/** A stored answer that has not expired, or undefined. @throws AwsError */
export const readAnswer = async (
  userId: string,
  digest: string,
  nowMs: number,
  consistent = false,
): Promise<AnswerRow | undefined> => {
  const item = await getItem("cache", rowKeys.cachedAnswer(userId, digest), { consistent });
  if (item === undefined) return undefined;
  const row = answerRowSchema.parse(item);
  return row.expiresAt > seconds(nowMs) ? row : undefined;
};

/** Stores an answer over whatever was there. @throws AwsError */
export const writeAnswer = (userId: string, digest: string, row: AnswerRow): Promise<void> =>
  putItem("cache", { ...rowKeys.cachedAnswer(userId, digest), ...row });

const lockRowSchema = z.object({
  /** The request that asked could not store its answer (too long, ended by its length): waiting for it is in vain. */
  unstorable: z._default(z.boolean(), false),
});

/** `taken`: this request shall ask and store. `wait`: another one does. `go`: ask, but nobody stores such an answer. */
export type LockVerdict = "taken" | "wait" | "go";

/** Tries to take the right to ask the provider for this answer. @throws AwsError */
export const lockAnswer = async (
  userId: string,
  digest: string,
  requestId: string,
  untilMs: number,
  nowMs: number,
): Promise<LockVerdict> => {
  try {
    await putItem(
      "cache",
      { ...lockKey(userId, digest), requestId, expiresAt: seconds(untilMs) + 1 },
      {
        condition: "attribute_not_exists(pk) OR expiresAt < :now OR requestId = :own",
        values: { ":now": seconds(nowMs), ":own": requestId },
      },
    );
    return "taken";
  } catch (error) {
    const failed = failedCondition(error);
    if (failed === undefined) throw error;
    return lockRowSchema.parse(failed.item ?? {}).unstorable ? "go" : "wait";
  }
};

/** How the request that had the lock ended: with nothing, with its answer stored, or with one that cannot be. */
export type LockEnd = "free" | "stored" | "unstorable";

/**
 * How long a lock outlives an answer, s. Whoever looked for the answer just before it was stored finds the lock still
 * there, waits, and reads the answer, instead of asking once more.
 */
const lingerSeconds = 2;

/** Gives the lock back, unless another request has taken it meanwhile. @throws AwsError */
export const unlockAnswer = async (
  userId: string,
  digest: string,
  requestId: string,
  end: LockEnd,
  nowMs: number,
): Promise<void> => {
  const key = lockKey(userId, digest);
  const own = { condition: "requestId = :own", values: { ":own": requestId } };
  try {
    if (end === "free") await deleteItem("cache", key, own);
    else {
      const expiresAt = seconds(nowMs) + lingerSeconds;
      await putItem("cache", { ...key, requestId, unstorable: end === "unstorable", expiresAt }, own);
    }
  } catch (error) {
    if (failedCondition(error) === undefined) throw error;
  }
};
