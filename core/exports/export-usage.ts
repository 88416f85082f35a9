import { createHash } from "node:crypto";
import { type DeliveryRow, keepDeliveryMs } from "#core/db/deliveries.ts";
import { addExportDelivery, type ExportRow, exportContext, listExports } from "#core/db/exports.ts";
import { TableUnavailable } from "#core/db/table-unavailable.ts";
import type { UsageEvent } from "#core/db/usage-event.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import { increment } from "#core/observability/metrics.ts";
import { requestView } from "#core/usage/request-view.ts";
import { toJsonText } from "#core/values/json-text.ts";
import { type Contents, contentsOf, keepExported } from "./exported-content.ts";
import { toOtlp } from "./to-otlp.ts";

/**
 * Makes deliveries of settled events for the exports of their owners: one row for each batch and export. It runs behind the
 * usage table's stream, so that no request waits for it.
 */

/** Of a message, which is a row until it is delivered: a row takes 400 KB. */
const maxBodyBytes = 250 * 1_024;

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Whether a share of requests holds this one: the same for all its generations, and for every export of that share. */
export const isSampled = (requestId: string, sampling: number): boolean =>
  Number.parseInt(hashOf(`sample/${requestId}`).slice(0, 8), 16) < sampling * 0x1_0000_0000;

const isWanted = ({ keyId, requestId }: UsageEvent, { keys, sampling }: ExportRow): boolean =>
  (keys === undefined || (keyId !== undefined && keys.includes(keyId))) && isSampled(requestId, sampling);

/** Unix ms at which an event became what it is. */
const changedAt = ({ feedback, startedAt, latencyMs = 0 }: UsageEvent): number => feedback?.at ?? startedAt + latencyMs;

const noContents: Contents = new Map();

const bodyOf = (
  { kind }: ExportRow,
  events: readonly UsageEvent[],
  atMs: number,
  contents: Contents = noContents,
): string => {
  if (kind === "otlp") return toJsonText(toOtlp(events, (event) => contents.get(event)));
  const requests = events.map((event) => {
    const content = contents.get(event);
    return { ...requestView(event), ...(content === undefined ? {} : { content }) };
  });
  return toJsonText({ type: "requests", timestamp: new Date(atMs).toISOString(), data: { requests } });
};

/** An id that the same events get again, in the order of time. The stream delivers a batch that failed as it was. */
const deliveryId = ({ id }: ExportRow, events: readonly UsageEvent[], atMs: number): string => {
  const time = Math.max(0, Math.round(atMs)).toString(16).padStart(12, "0");
  const names = events.map(({ requestId, generation, feedback }) => `${requestId}#${generation}@${feedback?.at ?? ""}`);
  const hash = hashOf(`${id}/${names.join("/")}`);
  return `dlv_${time.slice(0, 8)}-${time.slice(8)}-7${hash.slice(0, 3)}-8${hash.slice(3, 6)}-${hash.slice(6, 18)}`;
};

/** A message that is to be delivered, and the same with recorded content, where it has some. */
interface Message {
  readonly row: DeliveryRow;
  readonly bodyWithContent: string | undefined;
}

/** The messages of a batch, cut so that each fits into a row. */
const messagesOf = (target: ExportRow, events: readonly UsageEvent[], contents: Contents): readonly Message[] => {
  if (events.length === 0) return [];
  const atMs = Math.max(...events.map(changedAt));
  const body = bodyOf(target, events, atMs);
  const hasContent = events.some((event) => contents.has(event));
  const bodyWithContent = hasContent ? bodyOf(target, events, atMs, contents) : undefined;
  if (Buffer.byteLength(bodyWithContent ?? body) > maxBodyBytes && events.length > 1) {
    const half = Math.ceil(events.length / 2);
    const halves = [events.slice(0, half), events.slice(half)];
    return halves.flatMap((part) => messagesOf(target, part, contents));
  }
  return [{ row: rowOf(target, events, { body, atMs }), bodyWithContent }];
};

const rowOf = (
  target: ExportRow,
  events: readonly UsageEvent[],
  { body, atMs }: { readonly body: string; readonly atMs: number },
): DeliveryRow => {
  const id = deliveryId(target, events, atMs);
  const { secret } = target;
  return {
    id,
    userId: target.userId,
    kind: "export",
    exportId: target.id,
    messageId: `msg_${id.slice("dlv_".length)}`,
    url: target.url,
    ...(secret === undefined ? {} : { secret, secretContext: exportContext(target.id, "secret") }),
    body,
    state: "pending",
    tries: 0,
    createdAt: atMs,
    nextTryAt: atMs,
    expiresAt: Math.floor((atMs + keepDeliveryMs) / 1_000),
  };
};

/** How long a message with content is kept, ms: its attempts end a day after it was made, and may wait a day more. */
const keepContentMs = 3 * 86_400_000;

/** Writes a delivery, its content first. False when it was written before. @throws TableUnavailable */
const addMessage = async ({ row, bodyWithContent }: Message, nowMs: number): Promise<boolean> => {
  const hasContent = bodyWithContent !== undefined && (await keepExported(row, bodyWithContent, nowMs + keepContentMs));
  return addExportDelivery(hasContent ? { ...row, hasContent } : row, nowMs);
};

/** Writes what events of one owner owe to the owner's exports. Resolves to the number of new deliveries. */
const exportOwn = async (userId: string, own: readonly UsageEvent[], nowMs: number): Promise<number> => {
  let made = 0;
  let read: Promise<Contents> | undefined;
  for (const target of await listExports(userId)) {
    if (!target.enabled) continue;
    const wanted = own.filter((event) => isWanted(event, target));
    if (target.includeContent === true) read ??= contentsOf(own, nowMs);
    const contents = target.includeContent === true ? await read : undefined;
    for (const message of messagesOf(target, wanted, contents ?? noContents)) {
      if (await addMessage(message, nowMs)) made += 1;
    }
  }
  return made;
};

/** Whether a later try may succeed: anything that DynamoDB answers, unless it calls the write itself wrong. */
const mayPass = (error: unknown): boolean =>
  error instanceof TableUnavailable ||
  (error instanceof Error && "$metadata" in error && error.name !== "ValidationException");

/**
 * Writes what a batch of events owes to the exports of their owners. A batch that is delivered twice writes each delivery once.
 * A fault of one owner's rows is logged and counted and holds up nobody. Resolves to the number of new deliveries.
 * @throws TableUnavailable, or DynamoDB's refusal, once all other owners are served: the same batch has to be delivered again
 */
export const exportUsage = async (events: readonly UsageEvent[], nowMs: number): Promise<number> => {
  const byUser = Map.groupBy(
    events.filter(({ status }) => status !== "open"),
    ({ userId }) => userId,
  );
  let made = 0;
  const passing: unknown[] = [];
  for (const [userId, own] of byUser) {
    try {
      made += await exportOwn(userId, own, nowMs);
    } catch (error) {
      if (mayPass(error)) passing.push(error);
      else {
        increment("ExportFailures");
        logger.error("Requests of a user could not be exported", { userId, error: loggableError(error) });
      }
    }
  }
  if (passing.length > 0) throw passing[0];
  return made;
};
