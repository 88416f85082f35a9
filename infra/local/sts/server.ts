import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { signatureFault } from "#infra/local/aws/verify-signature.ts";
import { reportFault } from "#infra/local/disk-fault.ts";
import { type AskedRole, type AssumedAnswer, assumeRole, StsError } from "./assume-role.ts";
import { escaped, namespace, stsErrorXml } from "./error-xml.ts";
import { parseRole, Roles } from "./roles.ts";

/**
 * AWS's Security Token Service: AssumeRole for roles of other accounts, with their trust policies, session policies and the
 * caller's signature. `PUT /roles` describes a role, which AWS has no call for here; `GET /asked` shows the last calls.
 */

export interface LocalSts {
  /** For `AWS_ENDPOINT_URL_STS`. */
  readonly url: string;
  close(): Promise<void>;
}

export interface StsOptions {
  /** Keeps the roles between runs. Without it they live in memory. */
  readonly dataFile?: string;
  /** Unix ms. */
  readonly now?: () => number;
}

interface Answer {
  readonly status: number;
  readonly type: "text/xml" | "application/json";
  readonly body: string;
}

const maxAsked = 200;
const metadata = (): string => `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>`;

const toXml = ({ arn, accessKeyId, secretAccessKey, sessionToken, expiresAtMs }: AssumedAnswer): string => {
  const expiration = new Date(expiresAtMs).toISOString().replace(".000Z", "Z");
  return `<AssumeRoleResponse xmlns="${namespace}">
  <AssumeRoleResult>
    <AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:session</AssumedRoleId><Arn>${escaped(arn)}</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>${accessKeyId}</AccessKeyId>
      <SecretAccessKey>${secretAccessKey}</SecretAccessKey>
      <SessionToken>${sessionToken}</SessionToken>
      <Expiration>${expiration}</Expiration>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
  </AssumeRoleResult>
  ${metadata()}
</AssumeRoleResponse>`;
};

/** The names that STS has for faults of a signature. */
const codes: Readonly<Record<string, string>> = {
  UnrecognizedClientException: "InvalidClientTokenId",
  InvalidSignatureException: "SignatureDoesNotMatch",
  IncompleteSignatureException: "IncompleteSignature",
};

const serve = async (request: IncomingMessage, roles: Roles, asked: AskedRole[], nowMs: number): Promise<Answer> => {
  const { method = "", url = "", headers } = request;
  const body = await text(request);
  if (method === "PUT" && url === "/roles") {
    const role = parseRole(body);
    if (role === undefined) throw new StsError(400, "ValidationError", "The body describes no role that is supported");
    roles.put(role);
    return { status: 200, type: "application/json", body: "{}" };
  }
  if (method === "GET" && url === "/asked") {
    return { status: 200, type: "application/json", body: JSON.stringify({ asked }) };
  }
  const fault = await signatureFault({ method, url, headers, body }, "sts");
  if (fault !== undefined) throw new StsError(403, codes[fault.type] ?? fault.type, fault.message);
  const form = new URLSearchParams(body);
  if (method !== "POST" || form.get("Action") !== "AssumeRole" || form.get("Version") !== "2011-06-15") {
    throw new StsError(400, "InvalidAction", "Could not find operation for the action and version.");
  }
  const answer = assumeRole(form, roles, nowMs, (call) => {
    asked.push(call);
    if (asked.length > maxAsked) asked.shift();
  });
  return { status: 200, type: "text/xml", body: toXml(answer) };
};

const toAnswer = (thrown: unknown): Answer => {
  if (!(thrown instanceof StsError)) reportFault("The STS stand-in", thrown);
  const error = thrown instanceof StsError ? thrown : new StsError(500, "InternalFailure", String(thrown));
  return { status: error.status, type: "text/xml", body: stsErrorXml(error.code, error.message) };
};

/** Starts a stand-in for AWS STS on a free port. @throws UnusableData when the file does not hold roles */
export const startSts = async ({ dataFile, now = Date.now }: StsOptions = {}): Promise<LocalSts> => {
  const roles = new Roles(dataFile);
  const asked: AskedRole[] = [];
  const server = createServer((request, response) => {
    void serve(request, roles, asked, now())
      .catch(toAnswer)
      .then(({ status, type, body }) => response.writeHead(status, { "content-type": type }).end(body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
