import { config } from "#core/config.ts";
import { OutboundError, readText, send } from "#core/outbound/transport.ts";
import { stsEndpoint } from "./account.ts";
import { signPathPost } from "./sign-path.ts";
import type { AwsCredentials } from "./signature.ts";

/**
 * AssumeRole of AWS's Security Token Service, which takes a form and answers in XML. Nothing of an answer is ever part of an
 * error: it is a secret, or names the role that asked.
 */

export interface RoleToAssume {
  readonly roleArn: string;
  readonly externalId: string;
  /** Shown in the logs of the role's account. */
  readonly sessionName: string;
  /** What the session may do at most, as JSON. */
  readonly policy: string;
}

export interface AssumedRole extends AwsCredentials {
  readonly sessionToken: string;
  /** Unix ms. */
  readonly expiresAtMs: number;
}

/** A role that is assumed with a role's credentials has no longer sessions. */
const durationSeconds = 3_600;
const attemptTimeoutMs = 3_000;
const maxAnswerBytes = 64 * 1024;
const contentType = "application/x-www-form-urlencoded";

/** What STS answered, or that no answer came. Its message says nothing of the answer. */
export class StsError extends Error {
  override readonly name = "StsError";
  /** STS's code, such as `AccessDenied`; `Unreachable` when no answer came, `MalformedAnswer` for one that is not as documented. */
  readonly type: string;
  readonly status: number | undefined;

  constructor(type: string, status?: number) {
    super(`sts AssumeRole: ${type}`);
    this.type = type;
    this.status = status;
  }

  /** Whether a second try may change it. */
  get transient(): boolean {
    return this.type === "Unreachable" || this.type === "Throttling" || (this.status ?? 0) >= 500;
  }
}

/** The text of the only element of a name; undefined if there is not exactly one. */
const only = (xml: string, name: string): string | undefined => {
  const parts = xml.split(`<${name}>`);
  return parts.length === 2 ? parts[1]?.split(`</${name}>`, 1)[0] : undefined;
};

/** Values of the forms that AWS documents. None has a character that XML escapes. */
const forms = {
  AccessKeyId: /^\w{16,128}$/,
  SecretAccessKey: /^[\w+/=-]{16,256}$/,
  SessionToken: /^[\w+/=.-]{16,8192}$/,
  Expiration: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/,
} as const;

const malformed = (): StsError => new StsError("MalformedAnswer");

/** @throws StsError MalformedAnswer */
const toAssumedRole = (xml: string): AssumedRole => {
  const credentials = only(xml, "Credentials") ?? "";
  const read = (name: keyof typeof forms): string => {
    const value = only(credentials, name);
    if (value === undefined || !forms[name].test(value)) throw malformed();
    return value;
  };
  return {
    accessKeyId: read("AccessKeyId"),
    secretAccessKey: read("SecretAccessKey"),
    sessionToken: read("SessionToken"),
    expiresAtMs: Date.parse(read("Expiration")),
  };
};

const toError = (status: number, xml: string): StsError => {
  const code = only(xml, "Code") ?? "";
  return new StsError(/^[A-Za-z.]{1,64}$/.test(code) ? code : "UnknownError", status);
};

const attempt = async (role: RoleToAssume): Promise<AssumedRole> => {
  const { roleArn, externalId, sessionName, policy } = role;
  const endpoint = stsEndpoint();
  const body = new URLSearchParams({
    Action: "AssumeRole",
    Version: "2011-06-15",
    RoleArn: roleArn,
    RoleSessionName: sessionName,
    ExternalId: externalId,
    Policy: policy,
    DurationSeconds: String(durationSeconds),
  }).toString();
  const headers = signPathPost({
    service: "sts",
    host: new URL(endpoint).host,
    path: "/",
    contentType,
    body,
    identity: { ...config.awsCredentials(), region: config.region() },
    now: new Date(),
  });
  try {
    const answer = await send({
      url: `${endpoint}/`,
      method: "POST",
      headers,
      body,
      headersTimeoutMs: attemptTimeoutMs,
      idleTimeoutMs: attemptTimeoutMs,
      signal: AbortSignal.timeout(attemptTimeoutMs),
    });
    const text = await readText(answer, maxAnswerBytes);
    if (answer.statusCode !== 200) throw toError(answer.statusCode ?? 500, text);
    return toAssumedRole(text);
  } catch (error) {
    throw error instanceof OutboundError ? new StsError("Unreachable") : error;
  }
};

const maxAttempts = 3;
const baseDelayMs = 25;

/**
 * Assumes a role with the function's own. Transient faults are tried again at most twice, with full jitter.
 * @throws StsError
 */
export const assumeRole = async (role: RoleToAssume): Promise<AssumedRole> => {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(role);
    } catch (error) {
      if (!(error instanceof StsError) || !error.transient || tries >= maxAttempts) throw error;
      const delayMs = Math.random() * baseDelayMs * 2 ** tries;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
};
