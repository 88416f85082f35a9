import * as z from "zod";
import type { AskProvider } from "#core/providers/media/job-adapter.ts";
import { callUpstream, readReply } from "#core/providers/media/upstream.ts";
import { safeMessage } from "#core/providers/safe-message.ts";
import { googleBase } from "./base-url.ts";

/** Google's documentation states no expiry for a file; Google has told users two days. */
const urlLifetimeMs = 48 * 3_600_000;

const content = z.looseObject({
  type: z.string().optional(),
  uri: z.string().optional(),
  mime_type: z.string().optional(),
});
const interactionSchema = z.looseObject({
  status: z.string(),
  steps: z.array(z.looseObject({ content: z.array(content).optional() })).optional(),
  error: z.looseObject({ code: z.unknown().optional(), message: z.string().optional() }).nullish(),
});

/** The state of a video's interaction. @throws ProviderFailure */
export const askGoogleVideo: AskProvider = async ({ ticket }, credential, signal) => {
  const { json } = await callUpstream({
    provider: "google",
    method: "GET",
    url: `${googleBase(credential)}/interactions/${encodeURIComponent(ticket.interactionId ?? "")}`,
    headers: { "x-goog-api-key": credential.apiKey },
    signal,
  });
  const { status, steps, error } = readReply(interactionSchema, "google", json);
  if (status === "queued") return { status: "queued", detail: status };
  if (status === "in_progress") return { status: "processing", detail: status };
  const video = (steps ?? []).flatMap((step) => step.content ?? []).find(({ type }) => type === "video");
  if (status === "completed" && video?.uri !== undefined) {
    const expiresAt = Date.now() + urlLifetimeMs;
    return {
      status: "completed",
      output: [{ url: video.uri, contentType: video.mime_type ?? "video/mp4", expiresAt }],
    };
  }
  const isWithoutOutput = status === "completed";
  const name = isWithoutOutput ? "NoOutput" : String(error?.code ?? "") || "GenerationFailed";
  const message = safeMessage(error?.message ?? `Google ended the interaction with status ${status}.`);
  const failed = { status: "failed", error: { name: safeMessage(name), message } } as const;
  return isWithoutOutput ? { ...failed, mayBeBilled: true } : failed;
};
