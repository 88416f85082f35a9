import * as z from "zod";
import { sealedTextSchema } from "#core/cache/sealed-text.ts";
import { rowKeys } from "./row-keys.ts";
import { deleteItem, failedCondition, getItem, type ItemKey, putItem } from "./table.ts";

/** The rows of cached answers and of the locks beside them. Expiry is checked on read: DynamoDB deletes late. */

const answerRowSchema = z.object({
  /** `completion` is a JSON body, `frames` is a stream without its usage frame and end mark. */
  format: z.enum(["completion", "frames"]),
  sealed: sealedTextSchema,
  model: z.string(),
  provider: z.string(),
  simulated: z.boolean().default(false),
  /** JSON of the answer's token usage. */
  usage: z.string().optional(),
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

/** Takes the right to ask the provider for this answer. False while another request has it. @throws AwsError */
export const lockAnswer = async (
  userId: string,
  digest: string,
  requestId: string,
  untilMs: number,
  nowMs: number,
): Promise<boolean> => {
  try {
    await putItem(
      "cache",
      { ...lockKey(userId, digest), requestId, expiresAt: seconds(untilMs) + 1 },
      {
        condition: "attribute_not_exists(pk) OR expiresAt < :now OR requestId = :own",
        values: { ":now": seconds(nowMs), ":own": requestId },
      },
    );
    return true;
  } catch (error) {
    if (failedCondition(error) !== undefined) return false;
    throw error;
  }
};

/** Gives that right back, unless another request has taken it meanwhile. @throws AwsError */
export const unlockAnswer = async (userId: string, digest: string, requestId: string): Promise<void> => {
  try {
    await deleteItem("cache", lockKey(userId, digest), {
      condition: "requestId = :own",
      values: { ":own": requestId },
    });
  } catch (error) {
    if (failedCondition(error) === undefined) throw error;
  }
};
