import {
  DynamoDBClient,
  GetItemCommand,
  type GetItemCommandInput,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import { DecryptCommand, KMSClient } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { AwsError, callAws } from "#core/aws/json-call.ts";
import { toGatewayError } from "#core/errors.ts";
import { OutboundError } from "#core/outbound/transport.ts";
import { type Fault, inOrder, type Relay, startRelay } from "#tests/core/support/relay.ts";

/** The wire requests of the lean port, held against the AWS SDK's own; and what it makes of faults. */

let relay: Relay;
let dynamoDb: DynamoDBClient;
let kms: KMSClient;

beforeAll(async () => {
  relay = await startRelay();
  process.env.AWS_ENDPOINT_URL_DYNAMODB = relay.url;
  process.env.AWS_ENDPOINT_URL_KMS = relay.url;
  const settings = {
    endpoint: relay.url,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
  };
  dynamoDb = new DynamoDBClient(settings);
  kms = new KMSClient(settings);
});
beforeEach(() => relay.reset());
afterAll(async () => {
  dynamoDb.destroy();
  kms.destroy();
  await relay.close();
});

const answer = (status: number, body: unknown): Fault => ({
  kind: "answer",
  status,
  body: typeof body === "string" ? body : JSON.stringify(body),
});

/** What decides how the service reads a request. */
const wire = () =>
  relay.requests.map(({ method, path, headers, body }) => ({
    method,
    path,
    target: headers["x-amz-target"],
    contentType: headers["content-type"],
    length: headers["content-length"],
    scope: /Credential=\w+\/\d{8}(\/[^,]+)/.exec(headers.authorization ?? "")?.[1],
    body: JSON.parse(body) as unknown,
  }));

const key = { pk: { S: "USER#1" }, sk: { S: 'ÄÖ\u2028"\\#' } };
const getItem: GetItemCommandInput = { TableName: "keys", Key: key, ConsistentRead: true };
const putItem: PutItemCommandInput = {
  TableName: "keys",
  Item: { ...key, list: { L: [{ N: "1.5" }, { BOOL: false }, { NULL: true }, { M: { deep: { S: "" } } }] } },
  ConditionExpression: "attribute_not_exists(pk)",
  ReturnValuesOnConditionCheckFailure: "ALL_OLD",
};
const updateItem: UpdateItemCommandInput = {
  TableName: "keys",
  Key: key,
  UpdateExpression: "SET #a = :a ADD spent :b",
  ExpressionAttributeNames: { "#a": "a" },
  ExpressionAttributeValues: { ":a": { S: "x" }, ":b": { N: "99999999999999999999" } },
  ConditionExpression: "attribute_exists(pk)",
};
const query: QueryCommandInput = {
  TableName: "usage",
  KeyConditionExpression: "pk = :pk",
  ExpressionAttributeValues: { ":pk": { S: "a" } },
  ScanIndexForward: false,
  Limit: 3,
};

describe("the wire request", () => {
  it.each([
    ["GetItem", getItem, () => dynamoDb.send(new GetItemCommand(getItem))],
    ["PutItem", putItem, () => dynamoDb.send(new PutItemCommand(putItem))],
    ["UpdateItem", updateItem, () => dynamoDb.send(new UpdateItemCommand(updateItem))],
    ["Query", query, () => dynamoDb.send(new QueryCommand(query))],
  ] as const)("of DynamoDB's %s equals the SDK's", async (operation, input, bySdk) => {
    relay.intercept = () => answer(200, {});
    await bySdk();
    await callAws({ service: "dynamodb", operation, input: { ...input } });
    const [sdk, ours] = wire();
    expect(ours).toEqual(sdk);
  });

  it("of KMS's Decrypt equals the SDK's", async () => {
    relay.intercept = () => answer(200, {});
    const blob = Buffer.from("sealed");
    await kms.send(new DecryptCommand({ CiphertextBlob: blob, EncryptionContext: { app: "concurred" } }));
    await callAws({
      service: "kms",
      operation: "Decrypt",
      input: { CiphertextBlob: blob.toString("base64"), EncryptionContext: { app: "concurred" } },
    });
    const [sdk, ours] = wire();
    expect(ours).toEqual(sdk);
  });
});

describe("what the service answers", () => {
  const item = { pk: { S: "a" } };
  it.each([
    [
      400,
      {
        __type: "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        message: "The conditional request failed",
        Item: item,
      },
    ],
    [400, { __type: "com.amazon.coral.validate#ValidationException", message: "One or more parameter values" }],
    [400, { __type: "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", message: "No such table" }],
    [
      400,
      {
        __type: "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        Message: "cancelled",
        CancellationReasons: [{ Code: "ConditionalCheckFailed" }],
      },
    ],
    [400, { __type: "com.amazon.coral.service#UnrecognizedClientException", message: "The security token is invalid" }],
  ])("with %i %j has the SDK's exception name, message and status", async (status, body) => {
    relay.intercept = () => answer(status, body);
    const sdk = (await dynamoDb.send(new GetItemCommand(getItem)).catch((error: unknown) => error)) as Error & {
      readonly $metadata: { readonly httpStatusCode: number };
    };
    const ours = await callAws({ service: "dynamodb", operation: "GetItem", input: {} }).catch(
      (error: unknown) => error,
    );
    expect(ours).toBeInstanceOf(AwsError);
    expect(ours).toMatchObject({ type: sdk.name, message: sdk.message, status: sdk.$metadata.httpStatusCode });
    expect(relay.requests).toHaveLength(2);
  });

  it("keeps the row that refused a condition", async () => {
    relay.intercept = () => answer(400, { __type: "x#ConditionalCheckFailedException", message: "m", Item: item });
    await expect(callAws({ service: "dynamodb", operation: "PutItem", input: {} })).rejects.toMatchObject({
      members: { Item: item },
      transient: false,
    });
  });
});

describe("faults", () => {
  const passing: readonly (readonly [string, Fault])[] = [
    ["a reset connection", { kind: "reset" }],
    ["throttling", answer(400, { __type: "x#ThrottlingException", message: "slow" })],
    ["a table's throughput", answer(400, { __type: "x#ProvisionedThroughputExceededException", message: "slow" })],
    ["an internal error", answer(500, { __type: "x#InternalServerError", message: "oops" })],
    ["an internal failure of another name", answer(500, { __type: "x#InternalFailure", message: "oops" })],
    ["an unavailable service", answer(503, { __type: "x#ServiceUnavailableException", message: "busy" })],
    ["a 500 without a body", answer(500, "")],
    ["a proxy's HTML", answer(502, "<html>Bad Gateway</html>")],
  ];

  it.each(passing)("tries again after %s, and the caller sees the answer", async (_name, fault) => {
    relay.intercept = inOrder(fault, fault, answer(200, { Item: { pk: { S: "a" } } }));
    const found = await callAws({ service: "dynamodb", operation: "GetItem", input: {} });
    expect(found).toEqual({ Item: { pk: { S: "a" } } });
    expect(relay.requests).toHaveLength(3);
  });

  it.each(passing)("tries three times in all after %s, then says 503", async (_name, fault) => {
    relay.intercept = () => fault;
    const error = await callAws({ service: "dynamodb", operation: "GetItem", input: {} }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(AwsError);
    expect(toGatewayError(error)).toMatchObject({ code: "SERVICE_UNAVAILABLE", status: 503, retryAfterSeconds: 5 });
    // A kept-alive connection that breaks is replaced once beyond the three tries: the server may just have closed it.
    expect(relay.requests.length).toBeLessThanOrEqual(fault.kind === "reset" ? 4 : 3);
    expect(relay.requests.length).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ["a validation error", answer(400, { __type: "x#ValidationException", message: "wrong" })],
    ["a refused signature", answer(400, { __type: "x#InvalidSignatureException", message: "wrong" })],
    ["a right that is missing", answer(400, { __type: "x#AccessDeniedException", message: "no" })],
    ["a 4xx without a type", answer(404, {})],
  ])("does not try again after %s, and shows none of it", async (_name, fault) => {
    relay.intercept = () => fault;
    const error = await callAws({ service: "dynamodb", operation: "GetItem", input: {} }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: "AwsError", transient: false });
    expect(toGatewayError(error).code).toBe("INTERNAL_ERROR");
    expect(relay.requests).toHaveLength(1);
  });

  it("ends each try that brings no headers in 1.5 s, and gives up after three", async () => {
    relay.intercept = () => ({ kind: "hang" });
    const timers = vi.spyOn(globalThis, "setTimeout");
    const error = await callAws({ service: "dynamodb", operation: "GetItem", input: {} }).catch(
      (thrown: unknown) => thrown,
    );
    const delays = timers.mock.calls.map(([, delayMs]) => delayMs);
    timers.mockRestore();
    expect(error).toMatchObject({ name: "AwsError", type: "Unreachable", transient: true });
    // In slices, so that a busy event loop does not count as time of the network.
    expect(delays.filter((delayMs) => delayMs === 100)).toHaveLength((3 * 1_500) / 100);
    expect(relay.requests).toHaveLength(3);
  });

  it("stops when its signal fires, without another try", async () => {
    const controller = new AbortController();
    relay.intercept = () => {
      controller.abort();
      return { kind: "hang" };
    };
    const call = callAws({ service: "dynamodb", operation: "GetItem", input: {}, signal: controller.signal });
    await expect(call).rejects.toBeInstanceOf(OutboundError);
    expect(relay.requests).toHaveLength(1);
  });

  it("sends nothing under a signal that has fired", async () => {
    const call = callAws({ service: "dynamodb", operation: "GetItem", input: {}, signal: AbortSignal.abort() });
    await expect(call).rejects.toMatchObject({ failure: "aborted" });
    expect(relay.requests).toHaveLength(0);
  });
});
