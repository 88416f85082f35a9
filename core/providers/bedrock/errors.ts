import type { IncomingHttpHeaders } from "node:http";
import type { FailureReason } from "#core/providers/failure-reason.ts";
import { retryAfterMs } from "#core/providers/openai/errors.ts";
import { type FailureKind, type ProviderCredential, ProviderFailure } from "#core/providers/provider.ts";
import { safeMessage } from "#core/providers/safe-message.ts";
import { isRecord, ownValue } from "#core/values/records.ts";

/** Bedrock's exceptions by what routing does about them. The same names come as an answer and inside a stream. */
const kinds: Readonly<Record<string, readonly [kind: FailureKind, status: number]>> = {
  ThrottlingException: ["rate-limit", 429],
  ModelNotReadyException: ["server", 503],
  ServiceQuotaExceededException: ["quota", 400],
  ModelTimeoutException: ["timeout", 408],
  ModelErrorException: ["server", 424],
  ModelStreamErrorException: ["server", 424],
  InternalServerException: ["server", 500],
  ServiceUnavailableException: ["server", 503],
  ValidationException: ["request", 400],
  ResourceNotFoundException: ["request", 404],
  ConflictException: ["server", 409],
  AccessDeniedException: ["auth", 403],
  UnrecognizedClientException: ["auth", 403],
  InvalidSignatureException: ["auth", 403],
  ExpiredTokenException: ["auth", 403],
  IncompleteSignatureException: ["auth", 403],
};

/** The account may not use this model: another key, or model access, is needed for it. */
const noModel =
  /access to the model|model access is denied|model identifier is invalid|isn't supported|not supported for (?:on-demand|this)|on-demand throughput|could not resolve the foundation model|model is not available/i;
const tooLong =
  /input is too long|too many input tokens|prompt is too long|exceeds? the (?:maximum|model's) (?:context|input|number of)/i;

const kindOfStatus = (status: number): FailureKind => {
  if (status === 401 || status === 403) return "auth";
  if (status === 429) return "rate-limit";
  if (status === 408) return "timeout";
  if (status >= 500 || status === 424) return "server";
  return status >= 400 ? "request" : "malformed";
};

const reasonFor = (name: string, message: string): FailureReason | undefined => {
  if (name === "model_not_found" || noModel.test(message)) return "model_not_found";
  return name === "context_length_exceeded" || tooLong.test(message) ? "context_length_exceeded" : undefined;
};

const failure = (name: string, status: number | undefined, message: string, waitMs?: number): ProviderFailure => {
  const [kind, usual] = ownValue(kinds, name) ?? [kindOfStatus(status ?? 500), status ?? 500];
  const reason = reasonFor(name, message);
  const shown = name === "" ? "" : ` (${name})`;
  return new ProviderFailure(
    "bedrock",
    reason === undefined ? kind : "request",
    `bedrock answered ${status ?? usual}${shown}`,
    {
      status: status ?? usual,
      providerMessage: message === "" ? undefined : safeMessage(message),
      providerCode: name === "" ? undefined : safeMessage(name),
      retryAfterMs: waitMs,
      reason,
    },
  );
};

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** What an error says: in AWS's form, or in OpenAI's on the paths that are OpenAI's. */
const wordsIn = (text: string): { readonly message: string; readonly code: string } => {
  try {
    const body: unknown = JSON.parse(text);
    if (!isRecord(body)) return { message: "", code: "" };
    const { message, Message, code, type } = isRecord(body.error) ? body.error : body;
    return { message: textOf(message ?? Message), code: textOf(code ?? type) };
  } catch {
    // A page of a proxy: the status has to do.
    return { message: "", code: "" };
  }
};

/** AWS names the role that asked, and its account, when it refuses: the platform's own are nobody's business. */
const awsNames = /\barn:aws[\w-]*:[^\s,;"']+|\b\d{12}\b/g;

/** Who asked: the holder of an API key need not know its owner's role or user. */
const identityNames = /\barn:aws[\w-]*:(?:iam|sts):[^\s,;"']+/g;

/** An answer with another status than 200. `x-amzn-errortype` names it, with a namespace or an address around the name. */
export const failureFromResponse = (
  status: number,
  body: string,
  headers: IncomingHttpHeaders,
  { byok }: Pick<ProviderCredential, "byok">,
): ProviderFailure => {
  const type = String(headers["x-amzn-errortype"] ?? "");
  const { message: words, code } = wordsIn(body);
  const name = (type.split(":")[0] ?? "").replace(/^.*#/, "") || code;
  const shown = words.replace(byok ? identityNames : awsNames, "[redacted]");
  return failure(name, status, shown, retryAfterMs(headers, Date.now()));
};

/** An exception inside a stream, such as `throttlingException`. Names of AWS's are redacted for everyone. */
export const failureFromEvent = (type: string, payload: string): ProviderFailure =>
  failure(
    type.charAt(0).toUpperCase() + type.slice(1),
    undefined,
    wordsIn(payload).message.replace(awsNames, "[redacted]"),
  );

/** What is not as AWS documents it. The answer itself is never part of the error. */
export const malformed = (what: string): ProviderFailure =>
  new ProviderFailure("bedrock", "malformed", `bedrock: ${what}`);

/** For an id that AWS is not asked about. */
export const unknownModel = (): ProviderFailure =>
  failure("ValidationException", undefined, "The provided model identifier is invalid.");
