import type { Content, ContentSide } from "#core/content/content.ts";
import { cutTo } from "#core/content/cut.ts";
import { readContent } from "#core/content/read-content.ts";
import { exportedContentContext } from "#core/db/deliveries.ts";
import { putExportedContent } from "#core/db/put-content.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { sealText } from "#core/encryption/sealed-text.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";

/**
 * Recorded content on its way to exports that ask for it. A delivery's row has backups, and so holds the message without content;
 * the message with it lies sealed where content does.
 */

export type Contents = ReadonlyMap<UsageEvent, Content>;

/** Of each side in a message: a text in a text of JSON takes more. */
const maxSideBytes = 60 * 1_024;

const shortened = (side: ContentSide): ContentSide => {
  const { messages, cut } = cutTo(side.messages, maxSideBytes);
  return { messages, cut: cut || side.cut };
};

/** What was recorded of events. One that cannot be read is sent without. */
export const contentsOf = async (events: readonly UsageEvent[], nowMs: number): Promise<Contents> => {
  const contents = new Map<UsageEvent, Content>();
  for (const event of events) {
    // What somebody thinks of an answer is sent after it.
    if (event.contentDays === undefined || event.feedback !== undefined) continue;
    try {
      const content = await readContent(event, nowMs);
      if (content === undefined) continue;
      const { prompt, answer } = content;
      contents.set(event, { prompt: shortened(prompt), answer: answer === null ? null : shortened(answer) });
    } catch (error) {
      increment("ContentFailures");
      logger.warn("Recorded content could not be exported", {
        requestId: event.requestId,
        error: loggableError(error),
      });
    }
  }
  return contents;
};

/**
 * Keeps a message with content for its delivery. False when it could not be kept: then the message goes without.
 */
export const keepExported = async (
  { userId, id }: { readonly userId: string; readonly id: string },
  body: string,
  untilMs: number,
): Promise<boolean> => {
  try {
    const sealed = await sealText(body, userId, exportedContentContext(id));
    if (sealed === undefined) throw new Error("The message is too long to keep");
    await putExportedContent(userId, id, { sealed, expiresAt: Math.floor(untilMs / 1_000) });
    return true;
  } catch (error) {
    increment("ContentFailures");
    logger.warn("Recorded content could not be exported", { deliveryId: id, error: loggableError(error) });
    return false;
  }
};
