import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { functionKeyPrefix } from "#infra/local/aws/identities.ts";
import { stsErrorXml } from "#infra/local/sts/error-xml.ts";
import { type Body, bedrockCalls, dynamoDbCalls, kmsCalls, type Place, stsCalls } from "./aws-call.ts";
import type { FunctionRights } from "./function-rights.ts";
import { type AwsRequest, RequestReader } from "./http-request.ts";
import type { Call } from "./policy.ts";

/**
 * Stands in front of DynamoDB, KMS, Bedrock or STS and lets through what the caller's role allows; anything else is answered as AWS
 * answers it. Each connection has one of its own behind it, so answers are passed on as they come, unread.
 */

export interface Denial {
  readonly functionId: string;
  readonly call: Call;
}

export interface GuardOptions {
  /** Where requests go: `http://host:port`. */
  readonly target: string;
  readonly place: Place;
  readonly rights: Pick<FunctionRights, "knows" | "firstDenied" | "decided">;
  /** Hears of every call that is refused. */
  readonly onDenied?: (denial: Denial) => void;
}

export interface Guard {
  readonly url: string;
  close(): Promise<void>;
}

/** The access key id that a function signs with: the guard knows it by that. */
export const accessKeyIdOf = (functionId: string): string => `${functionKeyPrefix}${functionId}`;

const refusal = (type: string, message: string, { service }: AwsRequest): Buffer => {
  const isSts = service === "sts";
  const body = isSts
    ? stsErrorXml(type.replace(/Exception$/, ""), message)
    : JSON.stringify({ __type: type, Message: message, message });
  return Buffer.from(
    [
      service === "bedrock" || isSts ? "HTTP/1.1 403 Forbidden" : "HTTP/1.1 400 Bad Request",
      `content-type: ${isSts ? "text/xml" : "application/x-amz-json-1.0"}`,
      `x-amzn-errortype: ${type}`,
      `content-length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ].join("\r\n"),
  );
};

/**
 * What the verdict on a request to DynamoDB depends on, or undefined where it is more than a table and an index: parts of
 * transactions and batches.
 */
const nameOf = (operation: string, { TableName, IndexName = "" }: Body): string | undefined =>
  TableName === undefined ? undefined : `${operation} ${String(TableName)} ${String(IndexName)}`;

/** What a request to a service other than DynamoDB needs. */
const otherCalls = ({ service, operation, body, model }: AwsRequest, place: Place): readonly Call[] => {
  if (service === "kms") return kmsCalls(operation, body, place);
  return service === "sts" ? stsCalls(operation, body) : bedrockCalls(operation, model, place);
};

/** The answer that a request gets instead of the service's, or undefined. */
const refuse = (request: AwsRequest, options: GuardOptions): Buffer | undefined => {
  const { rights, place, onDenied } = options;
  // A caller's own key or role: not the function's.
  if (request.service === "bedrock" && !request.accessKeyId.startsWith(functionKeyPrefix)) return undefined;
  const functionId = request.accessKeyId.startsWith(functionKeyPrefix)
    ? request.accessKeyId.slice(functionKeyPrefix.length)
    : "";
  if (!rights.knows(functionId)) {
    return refusal("UnrecognizedClientException", "The security token included in the request is invalid.", request);
  }
  const { service, operation, body } = request;
  // The service itself answers for an operation that it does not know.
  if (service === undefined) return undefined;
  const denied =
    service === "dynamodb"
      ? rights.decided(functionId, nameOf(operation, body), () => dynamoDbCalls(operation, body, place))
      : rights.firstDenied(functionId, otherCalls(request, place));
  if (denied === undefined) return undefined;
  onDenied?.({ functionId, call: denied });
  return refusal(
    "AccessDeniedException",
    `User: ${functionId} is not authorized to perform: ${denied.action} on resource: ${denied.resource} because no identity-based policy allows the ${denied.action} action`,
    request,
  );
};

const serve = (client: Socket, options: GuardOptions): void => {
  const { hostname, port } = new URL(options.target);
  const upstream = connect({ host: hostname, port: Number(port) || 80, noDelay: true });
  const reader = new RequestReader();
  const end = (): void => {
    client.destroy();
    upstream.destroy();
  };
  client.setNoDelay(true);
  client.on("data", (chunk: Buffer) => {
    try {
      for (const request of reader.read(chunk)) {
        const answer = refuse(request, options);
        if (answer === undefined) upstream.write(request.bytes);
        else client.write(answer);
      }
    } catch {
      end();
    }
  });
  upstream.on("data", (chunk: Buffer) => client.write(chunk));
  client.on("end", () => upstream.end());
  upstream.on("end", () => client.end());
  for (const socket of [client, upstream]) socket.on("error", end).on("close", end);
};

/** Starts a guard on a free port. Its connections end with `close`. */
export const startGuard = async (options: GuardOptions): Promise<Guard> => {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    serve(socket, options);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
};
