import type { GivenContent } from "#core/content/content.ts";
import { storeContent } from "#core/content/store-content.ts";
import type { GenerationOptions } from "./generation-parts.ts";

const dayMs = 86_400_000;

/**
 * Keeps the content of a generation whose key records it. Loaded with the first of them: few keys do. `wasSent`: a provider was
 * asked. @throws AwsError
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
  await storeContent({ userId, requestId: call.requestId, generation }, content, { wasSent, untilMs });
};
