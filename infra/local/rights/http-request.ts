/** Reads requests off a connection: AWS's clients send one after the other, each with its length. */

export interface AwsRequest {
  /** The bytes as they came, to be passed on. */
  readonly bytes: Buffer;
  readonly accessKeyId: string;
  readonly service: "dynamodb" | "kms" | "bedrock" | "sts" | undefined;
  readonly operation: string;
  /** Of Bedrock: the model or the inference profile. */
  readonly model: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const headEnd = Buffer.from("\r\n\r\n");
const maxHeadBytes = 64 * 1024;

const services = { DynamoDB_20120810: "dynamodb", TrentService: "kms" } as const;

const modelPath = /^POST \S*\/model\/([^/\s]+)\/([a-z-]+) /;

const openAiPath = /^POST \S*\/openai\/v1\/responses /;

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    // The service itself answers what cannot be read.
    return text;
  }
};

const headers = {
  target: /\r\nx-amz-target:[ \t]*(\w+)\.(\w+)/i,
  credential: /\r\nauthorization:[^\r]*Credential=([^/,\s]+)/i,
  form: /\r\ncontent-type:[ \t]*application\/x-www-form-urlencoded/i,
  length: /\r\ncontent-length:[ \t]*(\d+)/i,
} as const;

const parseBody = (body: Buffer): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = body.length === 0 ? {} : JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    // The service itself answers what cannot be read.
    return {};
  }
};

const toRequest = (bytes: Buffer, bodyStart: number, head: string): AwsRequest => {
  const [, target = "", operation = ""] = headers.target.exec(head) ?? [];
  const accessKeyId = headers.credential.exec(head)?.[1] ?? "";
  if (headers.form.test(head)) {
    // STS alone takes forms.
    const { Action = "", ...body } = Object.fromEntries(new URLSearchParams(bytes.toString("utf8", bodyStart)));
    return { bytes, accessKeyId, service: "sts", operation: Action, model: "", body };
  }
  const body = parseBody(bytes.subarray(bodyStart));
  if (openAiPath.test(head)) {
    // The body alone names the model, and says whether its answer is streamed.
    const asked = body.stream === true ? "responses-stream" : "responses";
    return { bytes, accessKeyId, service: "bedrock", operation: asked, model: String(body.model), body };
  }
  const [, model, asked = ""] = modelPath.exec(head) ?? [];
  return {
    bytes,
    accessKeyId,
    service: model === undefined ? services[target as keyof typeof services] : "bedrock",
    operation: model === undefined ? operation : asked,
    model: decoded(model ?? ""),
    body,
  };
};

/** Collects what arrives on one connection and cuts it into requests. */
export class RequestReader {
  #waiting: Buffer = Buffer.alloc(0);

  /** The requests that are complete with these bytes. Throws an Error for a head that has no end. */
  read(chunk: Buffer): readonly AwsRequest[] {
    this.#waiting = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk]);
    const requests: AwsRequest[] = [];
    for (;;) {
      const end = this.#waiting.indexOf(headEnd);
      if (end < 0) {
        if (this.#waiting.length > maxHeadBytes) throw new Error("A request's head is too long");
        return requests;
      }
      const head = this.#waiting.toString("latin1", 0, end);
      const bodyStart = end + headEnd.length;
      const total = bodyStart + Number(headers.length.exec(head)?.[1] ?? 0);
      if (this.#waiting.length < total) return requests;
      requests.push(toRequest(this.#waiting.subarray(0, total), bodyStart, head));
      this.#waiting = this.#waiting.subarray(total);
    }
  }
}
