import * as z from "zod";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import type { AskProvider, Submission } from "#core/providers/media/job-adapter.ts";
import { fileAtUrl } from "#core/providers/media/output-file.ts";
import { readReply } from "#core/providers/media/upstream.ts";
import { type KeyCredential, ProviderFailure } from "#core/providers/provider.ts";
import { safeMessage } from "#core/providers/safe-message.ts";
import { callFashn } from "./client.ts";

/** How long FASHN keeps CDN URLs, and outputs in base64. */
const urlLifetimeMs = 72 * 3_600_000;
const base64LifetimeMs = 3_600_000;

const statusSchema = z.looseObject({
  status: z.string(),
  output: z.array(z.string()).nullish(),
  error: z.union([z.string(), z.looseObject({ name: z.string().nullish(), message: z.string().nullish() })]).nullish(),
});

const readStatus = async ({ id = "" }: Submission["ticket"], credential: KeyCredential, signal: AbortSignal) => {
  const { json, headers } = await callFashn(`/status/${encodeURIComponent(id)}`, credential, signal);
  return { ...readReply(statusSchema, "fashn", json), headers };
};

const running = { starting: "queued", in_queue: "queued", processing: "processing" } as const;
type Running = keyof typeof running;
const isRunning = (status: string): status is Running => Object.hasOwn(running, status);

/** The state of a run. @throws ProviderFailure */
export const askFashn: AskProvider = async ({ ticket }, credential, signal) => {
  const { status, output, error, headers } = await readStatus(ticket, credential, signal);
  if (isRunning(status)) return { status: running[status], detail: status };
  if (status !== "completed") {
    const named = typeof error === "string" ? { name: error, message: error } : error;
    return {
      status: "failed",
      error: {
        name: safeMessage(named?.name ?? status),
        message: safeMessage(named?.message ?? `FASHN ended the run with status ${status}.`),
      },
    };
  }
  const urls = output ?? [];
  const credits = Number(headers["x-fashn-credits-used"]);
  const isCharged = Number.isFinite(credits) && credits > 0;
  const isBase64 = urls.some((url) => url.startsWith("data:"));
  const nowMs = Date.now();
  return {
    status: "completed",
    output: isBase64 ? [] : urls.map((url) => fileAtUrl(url, nowMs + urlLifetimeMs)),
    ...(isBase64 ? { heldUntil: nowMs + base64LifetimeMs } : {}),
    ...(isCharged ? { units: credits, costPicoUsd: mediaCostPicoUsd("fashn", credits) } : {}),
  };
};

/** Outputs in base64, which are too large for a row: FASHN keeps them for an hour. @throws ProviderFailure */
export const heldOutput = async (
  ticket: Submission["ticket"],
  credential: KeyCredential,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const { output } = await readStatus(ticket, credential, signal);
  if (output === undefined || output === null) {
    throw new ProviderFailure("fashn", "malformed", "fashn: the output is no longer there");
  }
  return output;
};
