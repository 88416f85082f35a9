import * as z from "zod";
import { readProviderKeys } from "#core/db/provider-key-rows.ts";
import { failureToError, singleCall } from "#core/generation/failure-to-error.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { isTransient } from "#core/routing/retry.ts";
import type { VoicesQuery } from "#core/schemas/media.ts";
import { choosePayingKey, openCredential } from "./credential.ts";
import { callMinimax } from "./minimax.ts";
import { readReply } from "./upstream.ts";

/** The voices of text to speech: MiniMax's own and, with the caller's key, those that the caller cloned. Costs nothing. */

const voice = z.looseObject({
  voice_id: z.string(),
  voice_name: z.string().nullish(),
  description: z.union([z.array(z.string()), z.string()]).nullish(),
  created_time: z.string().nullish(),
});
const list = z.array(voice).nullish();
const replySchema = z.looseObject({ system_voice: list, voice_cloning: list, voice_generation: list });

const timeoutMs = 20_000;
const maxTries = 2;

type Voice = z.infer<typeof voice>;

const view =
  (kind: "system" | "voice_cloning" | "voice_generation") =>
  ({ voice_id: voiceId, voice_name: name, description, created_time: createdAt }: Voice) => ({
    voiceId,
    name: name ?? voiceId,
    kind,
    description: [description ?? []].flat(),
    createdAt: createdAt ?? null,
  });

export interface Voices {
  readonly voices: readonly ReturnType<ReturnType<typeof view>>[];
  readonly simulated: boolean;
}

/** @throws GatewayError */
export const listVoices = async (
  userId: string,
  providerKeySlug: string | undefined,
  { voice_type: type }: VoicesQuery,
): Promise<Voices> => {
  const row = choosePayingKey("minimax", await readProviderKeys(userId), providerKeySlug);
  const signal = AbortSignal.timeout(timeoutMs);
  for (let tryNumber = 1; ; tryNumber++) {
    try {
      const credential = await openCredential("minimax", row);
      const { json, simulated } = await callMinimax({
        credential,
        path: "/get_voice",
        body: { voice_type: type },
        signal,
      });
      const reply = readReply(replySchema, "minimax", json);
      return {
        voices: [
          ...(reply.system_voice ?? []).map(view("system")),
          ...(reply.voice_cloning ?? []).map(view("voice_cloning")),
          ...(reply.voice_generation ?? []).map(view("voice_generation")),
        ],
        simulated,
      };
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      if (isTransient(error) && tryNumber < maxTries && !signal.aborted) continue;
      throw failureToError(error, singleCall(row !== undefined));
    }
  }
};
