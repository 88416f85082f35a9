import type { IncomingMessage } from "node:http";
import { readBody } from "#core/providers/http-transport.ts";
import { isSimulated, malformed, openUpstream } from "#core/providers/media/upstream.ts";
import type { KeyCredential } from "#core/providers/provider.ts";
import type { AudioTranscriptions } from "#core/schemas/openai-media.ts";
import { type FormFields, toOpenaiCall } from "./call.ts";

/** OpenAI's transcription: POST /audio/transcriptions with the audio as a file of a form. */

const headersTimeoutMs = 290_000;
const maxReplyBytes = 32 * 1024 * 1024;

/** whisper-1 reports the duration in `verbose_json` only, which holds what its other formats are made of. */
export const isWhisper = (model: string): boolean => model === "whisper-1";

const listOf = (name: string, value: string | readonly string[] | null | undefined): FormFields =>
  value === null || value === undefined
    ? []
    : (typeof value === "string" ? [value] : value).map((item) => [`${name}[]`, item] as const);

/** The format that OpenAI is asked for: one that reports what the audio costs. */
export const sentFormat = (model: string, asked: AudioTranscriptions["response_format"]): string => {
  if (isWhisper(model)) return "verbose_json";
  return asked === "diarized_json" ? asked : "json";
};

const formOf = (model: string, request: AudioTranscriptions): FormFields => {
  const { file, language, prompt, temperature, stream, chunking_strategy: chunking } = request;
  const texts = { language, prompt, temperature, chunking_strategy: chunking };
  return [
    ["model", model],
    ["file", file],
    ["response_format", sentFormat(model, request.response_format)],
    ...Object.entries(texts).flatMap(([name, value]) =>
      value === null || value === undefined ? [] : [[name, String(value)] as const],
    ),
    ...(stream === true && !isWhisper(model) ? [["stream", "true"] as const] : []),
    ...listOf("include", request.include),
    ...listOf("timestamp_granularities", request.timestamp_granularities),
  ];
};

export interface TranscriptionReply {
  readonly response: IncomingMessage;
  readonly streamed: boolean;
  readonly simulated: boolean;
}

/** Sends the audio and resolves once the headers of the answer are here. @throws ProviderFailure */
export const openTranscription = async (
  model: string,
  request: AudioTranscriptions,
  { credential, signal }: { readonly credential: KeyCredential; readonly signal: AbortSignal },
): Promise<TranscriptionReply> => {
  const form = formOf(model, request);
  const call = toOpenaiCall({ credential, path: "/audio/transcriptions", form, signal, headersTimeoutMs });
  const response = await openUpstream(call);
  const streamed = /event-stream/i.test(response.headers["content-type"] ?? "");
  return { response, streamed, simulated: isSimulated(response.headers) };
};

/** Reads a whole answer. @throws ProviderFailure */
export const readTranscription = async (
  { response }: TranscriptionReply,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> => {
  const { headers, statusCode: status = 0 } = response;
  const text = await readBody("openai", { status, headers, body: response }, maxReplyBytes, signal);
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null && "text" in json) return json as Readonly<Record<string, unknown>>;
  } catch {
    // Reported below, without the text.
  }
  throw malformed("openai", "the answer has no transcript");
};
