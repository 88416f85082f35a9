import { createHmac, createSecretKey, hash, type KeyObject } from "node:crypto";

/**
 * AWS Signature Version 4 for JSON calls: a POST to `/` with no query, which is all that DynamoDB and KMS take.
 * sign-path.ts signs others. Held against the AWS SDK's own signer by a test. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/** Who signs, for the services of one region. */
export interface AwsIdentity extends AwsCredentials {
  readonly region: string;
}

export interface SignedPost {
  readonly service: "dynamodb" | "kms";
  readonly region: string;
  readonly host: string;
  readonly contentType: string;
  /** X-Amz-Target. */
  readonly target: string;
  readonly body: string;
  readonly credentials: AwsCredentials;
  readonly now: Date;
}

const hmac = (key: string | Buffer | KeyObject, data: string): Buffer =>
  createHmac("sha256", key).update(data).digest();

interface SigningKey {
  /** What the key was made of. */
  readonly name: string;
  readonly key: KeyObject;
}

const signingKeys = new Map<SignedPost["service"], SigningKey>();

/** The signing key lasts a day for one secret, so four of five HMACs are saved on each call. */
const signingKeyFor = (secret: string, date: string, region: string, service: SignedPost["service"]): KeyObject => {
  const name = `${secret}/${date}/${region}`;
  const known = signingKeys.get(service);
  if (known?.name === name) return known.key;
  const bytes = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), "aws4_request");
  // As a KeyObject: node prepares a key given as bytes anew for each HMAC, which is seven times the work.
  const key = createSecretKey(bytes);
  signingKeys.set(service, { name, key });
  return key;
};

/** The headers of a signed POST, content type and target among them. */
export const signPost = (post: SignedPost): Record<string, string> => {
  const { credentials, service, region } = post;
  const time = `${post.now.toISOString().replace(/[-:]|\.\d{3}/g, "")}`;
  const date = time.slice(0, 8);
  const token = credentials.sessionToken;
  const tokenLine = token === undefined ? "" : `x-amz-security-token:${token}\n`;
  const signedHeaders = `content-type;host;x-amz-date;${token === undefined ? "" : "x-amz-security-token;"}x-amz-target`;
  const canonical = `POST\n/\n\ncontent-type:${post.contentType}\nhost:${post.host}\nx-amz-date:${time}\n${tokenLine}x-amz-target:${post.target}\n\n${signedHeaders}\n${hash("sha256", post.body)}`;
  const scope = `${date}/${region}/${service}/aws4_request`;
  const key = signingKeyFor(credentials.secretAccessKey, date, region, service);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash("sha256", canonical)}`).toString("hex");
  return {
    "content-type": post.contentType,
    "x-amz-date": time,
    "x-amz-target": post.target,
    ...(token === undefined ? {} : { "x-amz-security-token": token }),
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  };
};
