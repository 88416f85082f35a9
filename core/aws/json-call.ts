import { config } from "#core/config.ts";
import { DependencyError } from "#core/errors.ts";
import { post } from "#core/outbound/post.ts";
import { OutboundError } from "#core/outbound/transport.ts";
import { signPost } from "./signature.ts";

/**
 * The lean port to DynamoDB and KMS for the hot path: one signed POST a call. Off the hot path the AWS SDK serves
 * (core/db/document-client.ts). Held against the SDK's own wire requests by a test; figures in docs/decisions/0002.
 */

/** An error that the service itself answered, or that no answer came. */
export class AwsError extends DependencyError {
  override readonly name = "AwsError";
  /** Exception name without namespace, such as `ConditionalCheckFailedException`; `Unreachable` when no answer came. */
  readonly type: string;
  readonly status: number | undefined;
  /** The exception's other members, such as `Item` and `CancellationReasons`. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(type: string, message: string, status?: number, members: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.type = type;
    this.status = status;
    this.members = members;
  }

  get transient(): boolean {
    return transient.has(this.type) || (this.status ?? 0) >= 500;
  }
}

export interface JsonCall {
  readonly service: "dynamodb" | "kms";
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal | undefined;
}

const services = {
  dynamodb: {
    endpoint: config.dynamoDbEndpoint,
    target: "DynamoDB_20120810",
    contentType: "application/x-amz-json-1.0",
  },
  kms: { endpoint: config.kmsEndpoint, target: "TrentService", contentType: "application/x-amz-json-1.1" },
} as const;

/** Hosts by endpoint: two at most, and a URL is not worth parsing with each call. */
const hosts = new Map<string, string>();

const hostOf = (endpoint: string): string => {
  const host = hosts.get(endpoint) ?? new URL(endpoint).host;
  hosts.set(endpoint, host);
  return host;
};

/** Answers that a second try may change, beside every 5xx. Source: the SDKs' own lists of transient and throttling errors. */
const transient = new Set([
  "Unreachable",
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "RequestLimitExceeded",
  "InternalServerError",
  "KMSInternalException",
  "DependencyTimeoutException",
  "ServiceUnavailable",
  "TransactionConflictException",
]);

const attemptTimeoutMs = 1_500;
const maxAttempts = 3;
const baseDelayMs = 25;
const maxAnswerBytes = 17 * 1024 * 1024;

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

const parse = (text: string, status: number): Readonly<Record<string, unknown>> => {
  if (text === "") return {};
  try {
    return record(JSON.parse(text));
  } catch {
    throw new AwsError("Unreachable", `The answer with status ${status} is not JSON`, status);
  }
};

const attempt = async (call: JsonCall): Promise<Readonly<Record<string, unknown>>> => {
  const { endpoint, target, contentType } = services[call.service];
  const url = endpoint();
  const body = JSON.stringify(call.input);
  const headers = signPost({
    service: call.service,
    region: config.region(),
    host: hostOf(url),
    contentType,
    target: `${target}.${call.operation}`,
    body,
    credentials: config.awsCredentials(),
    now: new Date(),
  });
  try {
    const { status, text } = await post({
      url: `${url}/`,
      headers,
      body,
      signal: call.signal,
      timeoutMs: attemptTimeoutMs,
      maxBytes: maxAnswerBytes,
    });
    const answer = parse(text, status);
    if (status === 200) return answer;
    const { __type, message, Message, ...members } = answer;
    const type = String(__type ?? (status >= 500 ? "InternalServerError" : "UnknownError"));
    throw new AwsError(type.slice(type.lastIndexOf("#") + 1), String(message ?? Message ?? type), status, members);
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    if (error.failure === "aborted") throw error;
    throw new AwsError("Unreachable", `${call.service} ${call.operation}: ${error.message}`);
  }
};

/**
 * Calls DynamoDB or KMS. Passing faults are tried again at most twice with full jitter.
 * @throws AwsError what the service answered, or `Unreachable`. OutboundError when the signal fired.
 */
export const callAws = async (call: JsonCall): Promise<Readonly<Record<string, unknown>>> => {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(call);
    } catch (error) {
      if (!(error instanceof AwsError) || !error.transient || tries >= maxAttempts) throw error;
      const delayMs = Math.random() * baseDelayMs * 2 ** tries;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
};
