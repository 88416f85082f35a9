import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { reportFault } from "#infra/local/disk-fault.ts";
import { cryptographyOperations } from "./cryptography-operations.ts";
import { keyOperations } from "./key-operations.ts";
import { type KeySeed, KeyStore } from "./key-store.ts";
import { KmsError } from "./kms-error.ts";
import type { Operation } from "./operation.ts";

export interface KmsOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** JSON file (mode 0600) that keeps the keys between runs. Without it they live in memory. */
  readonly dataFile?: string;
  readonly keys: readonly KeySeed[];
  /** Unix milliseconds; for tests of deletion dates. */
  readonly now?: () => number;
}

export interface LocalKms {
  /** For `AWS_ENDPOINT_URL_KMS`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Every operation served, by its name in the API. */
export const kmsOperations: ReadonlyMap<string, Operation> = new Map(
  Object.entries({ ...cryptographyOperations, ...keyOperations }),
);

const operationOf = (request: IncomingMessage): Operation => {
  const name = /^TrentService\.(\w+)$/.exec(String(request.headers["x-amz-target"]))?.[1] ?? "";
  const found = kmsOperations.get(name);
  if (request.method !== "POST" || found === undefined) throw new KmsError("UnknownOperationException");
  return found;
};

/** A signature must be there, as on AWS, but is not verified: the stand-in knows no caller's secret. */
const requireSignature = (request: IncomingMessage): void => {
  if (!request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 Credential=")) {
    throw new KmsError("MissingAuthenticationTokenException", "Missing Authentication Token");
  }
};

const parseBody = (body: string): unknown => {
  try {
    return body === "" ? {} : JSON.parse(body);
  } catch {
    throw new KmsError("SerializationException");
  }
};

interface Answer {
  readonly status: number;
  readonly body: string;
}

const answerError = (request: IncomingMessage, thrown: unknown): Answer => {
  const error = thrown instanceof KmsError ? thrown : new KmsError("KMSInternalException");
  // An own bug, but not a caller who hung up, is shown where the local cloud runs.
  if (thrown !== error && request.complete) reportFault("The KMS stand-in", thrown);
  const message = error.message === "" ? {} : { message: error.message };
  return { status: error.status, body: JSON.stringify({ __type: error.type, ...message }) };
};

const answer = async (store: KeyStore, request: IncomingMessage): Promise<Answer> => {
  try {
    const body = await text(request);
    const operation = operationOf(request);
    requireSignature(request);
    const output = operation.run(store, parseBody(body));
    store.save();
    return { status: 200, body: output === undefined ? "" : JSON.stringify(output) };
  } catch (thrown) {
    return answerError(request, thrown);
  }
};

const createKmsServer = (store: KeyStore): Server =>
  createServer((request, response) => {
    void answer(store, request).then(({ status, body }) => {
      response.writeHead(status, { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": randomUUID() });
      response.end(body);
    });
  });

/**
 * Starts a stand-in for AWS KMS: symmetric keys, their aliases, rotation and deletion, with real AES-256-GCM over the
 * JSON 1.1 protocol of the AWS SDKs. It knows no key policies and no grants, so it never answers AccessDenied, and it
 * rotates on demand only. Rejects when the port is taken or the data file cannot be read.
 */
export const startKms = async (options: KmsOptions): Promise<LocalKms> => {
  const { port = 0, host = "127.0.0.1", dataFile, keys, now = Date.now } = options;
  const store = new KeyStore(dataFile, now);
  for (const key of keys) store.seed(key);

  const server = createKmsServer(store).listen(port, host);
  await once(server, "listening");
  const address = server.address();
  const boundPort = typeof address === "object" && address !== null ? address.port : port;

  return {
    url: `http://${host}:${boundPort}`,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
