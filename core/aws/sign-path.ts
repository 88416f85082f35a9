import { createHmac, hash } from "node:crypto";
import type { AwsIdentity } from "./signature.ts";

/**
 * AWS Signature Version 4 for a POST to a path with no query: Bedrock's calls, and those of services that take forms. It shares
 * nothing with signature.ts, which every chat loads, and keeps no key: a model's answer takes longer than five HMACs.
 */

export interface PathPost {
  /** As it stands in the scope of a signature. */
  readonly service: "bedrock" | "sts";
  readonly host: string;
  /** As it is sent: percent-encoded and without dot segments. */
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
  readonly identity: AwsIdentity;
  readonly now: Date;
}

const hmac = (key: string | Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();

/** Services other than S3 sign a path that is encoded once more. */
const canonicalPath = (path: string): string =>
  encodeURIComponent(path)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%2F", "/");

/** The headers of a signed POST, the content type among them. */
export const signPathPost = ({ service, host, path, contentType, body, identity, now }: PathPost) => {
  const { accessKeyId, secretAccessKey, sessionToken, region } = identity;
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const date = time.slice(0, 8);
  const signed = {
    "content-type": contentType,
    host,
    "x-amz-date": time,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const lines = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`);
  const names = Object.keys(signed).join(";");
  const canonical = `POST\n${canonicalPath(path)}\n\n${lines.join("")}\n${names}\n${hash("sha256", body)}`;
  const scope = `${date}/${region}/${service}/aws4_request`;
  const key = [date, region, service, "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash("sha256", canonical)}`).toString("hex");
  const { host: _, ...headers } = signed;
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
};
