import { randomUUID } from "node:crypto";
import type { MediaTokens } from "#core/catalog/openai-media-prices.ts";
import { malformed, type UpstreamCall } from "#core/providers/media/upstream.ts";
import type { KeyCredential } from "#core/providers/provider.ts";
import { isRecord } from "#core/values/records.ts";

/** Calls to OpenAI's media endpoints. */

/** A file in a form that is sent to OpenAI. */
export interface SentFile {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

export type FormFields = readonly (readonly [name: string, value: string | SentFile])[];

const headOf = (name: string, value: string | SentFile): string => {
  const quoted = (text: string): string => text.replaceAll(/["\r\n\\]/g, "_");
  return typeof value === "string"
    ? `content-disposition: form-data; name="${name}"\r\n\r\n`
    : `content-disposition: form-data; name="${name}"; filename="${quoted(value.name)}"\r\ncontent-type: ${quoted(value.contentType) || "application/octet-stream"}\r\n\r\n`;
};

/** A body of `multipart/form-data` (RFC 7578). */
const toForm = (fields: FormFields): { readonly contentType: string; readonly bytes: Buffer } => {
  const boundary = `concurred-${randomUUID()}`;
  const parts = fields.flatMap(([name, value]) => [
    Buffer.from(`--${boundary}\r\n${headOf(name, value)}`),
    typeof value === "string" ? Buffer.from(value) : value.bytes,
    Buffer.from("\r\n"),
  ]);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    bytes: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]),
  };
};

interface OpenaiCall {
  readonly credential: KeyCredential;
  readonly path: string;
  readonly body?: unknown;
  readonly form?: FormFields;
  readonly signal: AbortSignal;
  readonly headersTimeoutMs: number;
}

/** The upstream call, with the key in its header. */
export const toOpenaiCall = ({ credential, path, body, form, ...rest }: OpenaiCall): UpstreamCall => ({
  provider: "openai",
  url: `${credential.baseUrl}${path}`,
  headers: { authorization: `Bearer ${credential.apiKey}` },
  ...(body === undefined ? {} : { body }),
  ...(form === undefined ? {} : { rawBody: toForm(form) }),
  ...rest,
});

/** An event of a stream. @throws ProviderFailure of kind malformed, without the text */
export const parseEvent = (data: string): Readonly<Record<string, unknown>> => {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    json = undefined;
  }
  if (!isRecord(json)) throw malformed("openai", "an event of the stream is not a JSON object");
  return json;
};

const maxCount = 1_000_000_000;

/** A count from a provider: a whole number from 0 to a billion, or 0. */
const count = (value: unknown): number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 ? Math.min(value, maxCount) : 0;

/**
 * Tokens of a media answer; undefined when it reports none. Images and speech call the details `input_tokens_details`,
 * transcripts `input_token_details`; input without details counts as text.
 */
export const tokensOf = (usage: unknown): MediaTokens | undefined => {
  if (!isRecord(usage) || (usage.input_tokens === undefined && usage.output_tokens === undefined)) return undefined;
  const found = usage.input_tokens_details ?? usage.input_token_details;
  const details = isRecord(found) ? found : {};
  const mediaInput = count(details.image_tokens) + count(details.audio_tokens);
  return {
    textInput: Math.max(0, count(usage.input_tokens) - mediaInput),
    mediaInput,
    output: count(usage.output_tokens),
  };
};
