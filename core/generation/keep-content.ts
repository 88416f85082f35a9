import type { GivenContent } from "#core/content/content.ts";
import { storeContent } from "#core/content/store-content.ts";
import type { GenerationOptions } from "./generation-parts.ts";

const dayMs = 86_400_000;
/** Kept back from Lambda's own deadline to settle the usage row, ms: an outage of KMS or of the table must not leave it open. */
const settleMs = 1_500;

/** Rejects when Lambda's end is near. What is under way may still end: its failure is handled by the race. */
const inTime = async (work: Promise<void>, leftMs: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("The content was not kept before the function's end")), leftMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Keeps the content of a generation whose key records it. Loaded with the first of them: few keys do. `wasSent`: a provider was
 * asked. @throws AwsError, or an Error when Lambda's end is near
 */
export const keepContent = async (
  {
    call,
    caller,
    numberInRun: generation = 0,
    startedAtMs = call.startedAtMs,
  }: Pick<GenerationOptions, "call" | "caller" | "numberInRun" | "startedAtMs">,
  content: GivenContent,
  wasSent: boolean,
): Promise<void> => {
  const { userId, limits } = caller.principal;
  const untilMs = startedAtMs + (limits?.contentDays ?? 0) * dayMs;
  const stored = storeContent({ userId, requestId: call.requestId, generation }, content, { wasSent, untilMs });
  await inTime(stored, Math.max(0, call.lambdaDeadlineMs - settleMs - Date.now()));
};
