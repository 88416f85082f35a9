import type { RecordedGeneration, SealedRow } from "#core/db/put-content.ts";
import { readContentRow } from "#core/db/recorded-content.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { SealBroken } from "#core/encryption/envelope.ts";
import { openText } from "#core/encryption/sealed-text.ts";
import { logger } from "#core/observability/logger.ts";
import { type Content, contentSchema } from "./content.ts";
import { contentContext } from "./store-content.ts";

/** Reads what keys have recorded. */

const dayMs = 86_400_000;

/** Unix ms until which the content of an event is kept; undefined where none was to be recorded. */
export const contentUntil = ({ startedAt, contentDays }: Pick<UsageEvent, "startedAt" | "contentDays">) =>
  contentDays === undefined ? undefined : startedAt + contentDays * dayMs;

/** What a row holds; undefined for one that does not open, which is logged. @throws AwsError */
export const openContent = async (of: RecordedGeneration, { sealed }: SealedRow): Promise<Content | undefined> => {
  try {
    return contentSchema.parse(JSON.parse(await openText(sealed, of.userId, contentContext(of))));
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    logger.error("Recorded content cannot be decrypted", { requestId: of.requestId, generation: of.generation });
    return undefined;
  }
};

/** The content of an event, if it has some. @throws AwsError */
export const readContent = async (event: UsageEvent, nowMs: number): Promise<Content | undefined> => {
  if ((contentUntil(event) ?? 0) <= nowMs) return undefined;
  const row = await readContentRow(event, nowMs);
  return row === undefined ? undefined : openContent(event, row);
};

/** Characters of contents that are answered together: an answer holds 6 MB. */
const maxCharacters = 1_500_000;

/** Contents of a request's generations, in order, as many as fit into one answer. @throws AwsError */
export const readContents = async (
  events: readonly UsageEvent[],
  nowMs: number,
): Promise<ReadonlyMap<number, Content>> => {
  const contents = new Map<number, Content>();
  let characters = 0;
  for (const event of events) {
    const content = await readContent(event, nowMs);
    if (content === undefined) continue;
    characters += JSON.stringify(content).length;
    if (characters > maxCharacters) break;
    contents.set(event.generation, content);
  }
  return contents;
};
