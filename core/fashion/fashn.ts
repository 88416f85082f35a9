import * as z from "zod";
import { mediaCostPicoUsd } from "#core/catalog/media-prices.ts";
import type { AskProvider } from "#core/jobs/job-state.ts";
import type { Submission } from "#core/jobs/start-job.ts";
import { contentTypeOfUrl } from "#core/media/content-type.ts";
import type { MediaCredential } from "#core/media/credential.ts";
import { callUpstream, readReply } from "#core/media/upstream.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { safeMessage } from "#core/providers/safe-message.ts";

/** FASHN's API: run and status. A failure at run time comes with HTTP 200 and a name. Source: docs.fashn.ai. */

/** CDN URLs, and outputs in base64, last so long. */
const urlLifetimeMs = 72 * 3_600_000;
const base64LifetimeMs = 3_600_000;

const headers = ({ apiKey }: MediaCredential) => ({ authorization: `Bearer ${apiKey}` });

const runSchema = z.looseObject({ id: z.string().min(1) });

/** Hands a run to FASHN. @throws ProviderFailure */
export const runFashn = async (
  credential: MediaCredential,
  body: { readonly model_name: string; readonly inputs: Readonly<Record<string, unknown>> },
  signal: AbortSignal,
): Promise<Submission> => {
  const reply = await callUpstream({
    provider: "fashn",
    url: `${credential.baseUrl}/run`,
    headers: headers(credential),
    body,
    signal,
  });
  return { ticket: { id: readReply(runSchema, "fashn", reply.json).id }, simulated: reply.simulated };
};

const statusSchema = z.looseObject({
  status: z.string(),
  output: z.array(z.string()).nullish(),
  error: z.union([z.string(), z.looseObject({ name: z.string().nullish(), message: z.string().nullish() })]).nullish(),
});

const readStatus = async (id: string, credential: MediaCredential, signal: AbortSignal) => {
  const reply = await callUpstream({
    provider: "fashn",
    method: "GET",
    url: `${credential.baseUrl}/status/${encodeURIComponent(id)}`,
    headers: headers(credential),
    signal,
  });
  return { ...readReply(statusSchema, "fashn", reply.json), headers: reply.headers };
};

const running = { starting: "queued", in_queue: "queued", processing: "processing" } as const;
type Running = keyof typeof running;
const isRunning = (status: string): status is Running => Object.hasOwn(running, status);

/** Where a run of FASHN is. @throws ProviderFailure */
export const askFashn: AskProvider = async ({ ticket }, credential, signal) => {
  const { status, output, error, headers: told } = await readStatus(ticket.id ?? "", credential, signal);
  if (isRunning(status)) return { status: running[status], detail: status };
  if (status !== "completed") {
    const named = typeof error === "string" ? { name: error, message: error } : error;
    return {
      status: "failed",
      error: {
        name: safeMessage(named?.name ?? status),
        message: safeMessage(named?.message ?? `FASHN ended the run as ${status}.`),
      },
    };
  }
  const made = output ?? [];
  const credits = Number(told["x-fashn-credits-used"]);
  const known = Number.isFinite(credits) && credits > 0;
  const inText = made.some((url) => url.startsWith("data:"));
  const nowMs = Date.now();
  return {
    status: "completed",
    output: inText
      ? []
      : made.map((url) => {
          const contentType = contentTypeOfUrl(url);
          return { url, ...(contentType === undefined ? {} : { contentType }), expiresAt: nowMs + urlLifetimeMs };
        }),
    ...(inText ? { heldUntil: nowMs + base64LifetimeMs } : {}),
    ...(known ? { units: credits, costPicoUsd: mediaCostPicoUsd("fashn", credits) } : {}),
  };
};

/** Outputs in base64, which are too large for a row and stay at FASHN for an hour. @throws ProviderFailure */
export const heldOutput = async (
  ticket: Readonly<Record<string, string>>,
  credential: MediaCredential,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const { output } = await readStatus(ticket.id ?? "", credential, signal);
  if (output === undefined || output === null) {
    throw new ProviderFailure("fashn", "malformed", "fashn: the output is gone before its time");
  }
  return output;
};
