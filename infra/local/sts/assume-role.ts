import { openSession } from "#infra/local/aws/sessions.ts";
import { type CompiledPolicy, compilePolicy, type PolicyDocument } from "#infra/local/rights/policy.ts";
import type { Roles } from "./roles.ts";

/** AssumeRole with AWS's own checks. */

export class StsError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const invalid = (message: string): StsError => new StsError(400, "ValidationError", message);

const forms = {
  RoleArn: /^[\x20-\x7e]{20,2048}$/,
  RoleSessionName: /^[\w+=,.@-]{2,64}$/,
  ExternalId: /^[\w+=,.@:/-]{2,1224}$/,
} as const;

const maxPolicyLength = 2_048;
/** The functions' credentials are a role's: such chains have no longer sessions. */
const maxChainedSeconds = 3_600;

const field = (form: URLSearchParams, name: keyof typeof forms): string | undefined => {
  const value = form.get(name);
  if (value === null) return undefined;
  if (!forms[name].test(value)) throw invalid(`Value '${value}' at '${name}' failed to satisfy constraint`);
  return value;
};

const required = (form: URLSearchParams, name: keyof typeof forms): string => {
  const value = field(form, name);
  if (value === undefined) throw invalid(`Value null at '${name}' failed to satisfy constraint`);
  return value;
};

const sessionPolicy = (text: string | null): readonly CompiledPolicy[] => {
  if (text === null) return [];
  try {
    if (text.length > maxPolicyLength) throw new Error("too long");
    return [compilePolicy(JSON.parse(text) as PolicyDocument)];
  } catch {
    throw new StsError(400, "MalformedPolicyDocument", "The policy is not in the valid JSON format.");
  }
};

/** What was asked of STS, for tests. */
export interface AskedRole {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly externalId: string | undefined;
  readonly policy: string | undefined;
  readonly granted: boolean;
}

export interface AssumedAnswer {
  readonly arn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAtMs: number;
}

/** @throws StsError */
export const assumeRole = (
  form: URLSearchParams,
  roles: Roles,
  nowMs: number,
  note: (asked: AskedRole) => void,
): AssumedAnswer => {
  const roleArn = required(form, "RoleArn");
  const sessionName = required(form, "RoleSessionName");
  const externalId = field(form, "ExternalId");
  const seconds = Number(form.get("DurationSeconds") ?? 3_600);
  if (!Number.isInteger(seconds) || seconds < 900 || seconds > 43_200) {
    throw invalid(`Value '${seconds}' at 'durationSeconds' failed to satisfy constraint`);
  }
  if (seconds > maxChainedSeconds) {
    throw invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining");
  }
  const policy = form.get("Policy");
  const own = sessionPolicy(policy);
  const role = roles.get(roleArn);
  const granted = role?.trusts(externalId) === true;
  note({ roleArn, sessionName, externalId, policy: policy ?? undefined, granted });
  if (role === undefined || !granted) {
    throw new StsError(
      403,
      "AccessDenied",
      `User: arn:aws:sts::000000000000:assumed-role/concurred-local/function is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    );
  }
  const expiresAtMs = Math.floor(nowMs / 1_000) * 1_000 + seconds * 1_000;
  const identity = openSession({ policies: [role.policy, ...own], expiresAtMs });
  const arn = `${roleArn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")}/${sessionName}`;
  return { arn, ...identity, expiresAtMs };
};
