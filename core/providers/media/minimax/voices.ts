import * as z from "zod";
import { readReply } from "#core/providers/media/upstream.ts";
import type { KeyCredential } from "#core/providers/provider.ts";
import type { VoicesQuery } from "#core/schemas/media.ts";
import { callMinimax } from "./client.ts";

/** The voices of an account: MiniMax's own, and those that the account cloned or generated. */

const voiceSchema = z.looseObject({
  voice_id: z.string(),
  voice_name: z.string().nullish(),
  description: z.union([z.array(z.string()), z.string()]).nullish(),
  created_time: z.string().nullish(),
});
const list = z.array(voiceSchema).nullish();
const replySchema = z.looseObject({ system_voice: list, voice_cloning: list, voice_generation: list });

export interface Voice {
  readonly voiceId: string;
  readonly name: string;
  readonly kind: "system" | "voice_cloning" | "voice_generation";
  readonly description: readonly string[];
  /** As MiniMax states it. */
  readonly createdAt: string | null;
}

export interface Voices {
  readonly voices: readonly Voice[];
  readonly simulated: boolean;
}

const toVoice =
  (kind: Voice["kind"]) =>
  ({
    voice_id: voiceId,
    voice_name: name,
    description,
    created_time: createdAt,
  }: z.infer<typeof voiceSchema>): Voice => ({
    voiceId,
    name: name ?? voiceId,
    kind,
    description: [description ?? []].flat(),
    createdAt: createdAt ?? null,
  });

/** Asks for an account's voices, which costs nothing. @throws ProviderFailure */
export const askVoices = async (
  type: VoicesQuery["voice_type"],
  credential: KeyCredential,
  signal: AbortSignal,
): Promise<Voices> => {
  const { json, simulated } = await callMinimax({
    credential,
    path: "/get_voice",
    body: { voice_type: type },
    signal,
  });
  const reply = readReply(replySchema, "minimax", json);
  return {
    voices: [
      ...(reply.system_voice ?? []).map(toVoice("system")),
      ...(reply.voice_cloning ?? []).map(toVoice("voice_cloning")),
      ...(reply.voice_generation ?? []).map(toVoice("voice_generation")),
    ],
    simulated,
  };
};
