import * as z from "zod";
import type { Submission } from "#core/providers/media/job-adapter.ts";
import { readReply } from "#core/providers/media/upstream.ts";
import type { KeyCredential } from "#core/providers/provider.ts";
import { callFashn } from "./client.ts";

const runSchema = z.looseObject({ id: z.string().min(1) });

/** Submits a run. @throws ProviderFailure */
export const runFashn = async (
  credential: KeyCredential,
  body: { readonly model_name: string; readonly inputs: Readonly<Record<string, unknown>> },
  signal: AbortSignal,
): Promise<Submission> => {
  const reply = await callFashn("/run", credential, signal, body);
  return { ticket: { id: readReply(runSchema, "fashn", reply.json).id }, simulated: reply.simulated };
};
