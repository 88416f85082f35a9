import { createHash, createHmac, type Hash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { SignatureV4 } from "@smithy/signature-v4";
import { identityOf } from "./identities.ts";

/** AWS's check of a signed request. The signer of AWS's own SDK makes the signature that it is held to. */

export interface SignedRequest {
  readonly method: string;
  /** The path and the query as they came. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Why a request is refused, in AWS's words. */
export interface SignatureFault {
  readonly type: string;
  readonly message: string;
}

/** Node's SHA-256 in the form that the SDK's signer takes. */
export class Sha256 {
  readonly #hash: Pick<Hash, "update" | "digest">;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = (secret === undefined
      ? createHash("sha256")
      : createHmac("sha256", secret as string)) as unknown as Hash;
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest());
  }
  reset(): void {}
}

/** Older and newer signatures are refused, ms. */
const maxSkewMs = 5 * 60_000;

const form =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request, ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})$/;

const fault = (type: string, message: string): SignatureFault => ({ type, message });
const invalid = (message: string): SignatureFault => fault("InvalidSignatureException", message);

/** Unix ms of `20261129T235900Z`; NaN for another text. */
const timeOf = (text: string): number =>
  Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));

const text = (value: string | readonly string[] | undefined): string => String(value ?? "");

/** What is wrong with the signature of a request to a service, or undefined. */
export const signatureFault = async (
  { method, url, headers, body }: SignedRequest,
  service: string,
  nowMs: number = Date.now(),
): Promise<SignatureFault | undefined> => {
  const parts = form.exec(headers.authorization ?? "");
  if (parts === null) return fault("IncompleteSignatureException", "The Authorization header is not complete.");
  const [, accessKeyId = "", date = "", region = "", scoped = "", names = "", signature = ""] = parts;
  const identity = identityOf(accessKeyId);
  const token = headers["x-amz-security-token"];
  if (identity === undefined || identity.sessionToken !== token) {
    return fault("UnrecognizedClientException", "The security token included in the request is invalid.");
  }
  if (scoped !== service) return invalid(`Credential should be scoped to correct service: '${service}'.`);
  const signedAt = text(headers["x-amz-date"]);
  if (!(Math.abs(timeOf(signedAt) - nowMs) <= maxSkewMs) || !signedAt.startsWith(date)) {
    return invalid(`Signature expired: ${signedAt} is not the time.`);
  }
  const signed = new Set(names.split(";"));
  const unsigned = Object.keys(headers).find((name) => /^(host|x-amz-.*)$/.test(name) && !signed.has(name));
  if (unsigned !== undefined) return invalid(`The header ${unsigned} is not signed.`);
  const hash = text(headers["x-amz-content-sha256"]);
  if (hash !== "" && hash !== createHash("sha256").update(body).digest("hex")) {
    return invalid("The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  const { pathname, searchParams } = new URL(url, "http://local");
  const signer = new SignatureV4({
    service,
    region,
    credentials: identity,
    sha256: Sha256,
    applyChecksum: false,
  });
  const { headers: expected } = await signer.sign(
    {
      method,
      protocol: "http:",
      hostname: text(headers.host),
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers: Object.fromEntries([...signed].map((name) => [name, text(headers[name])])),
      body,
    },
    { signingDate: new Date(timeOf(signedAt)), signableHeaders: signed },
  );
  return expected.authorization?.endsWith(`Signature=${signature}`) === true
    ? undefined
    : invalid("The request signature we calculated does not match the signature you provided.");
};
