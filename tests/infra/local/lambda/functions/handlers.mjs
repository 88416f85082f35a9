// Small functions for the tests of the local Lambda and API Gateway. They run inside aws-lambda-ric.
import { once } from "node:events";
import { appendFileSync, writeFileSync } from "node:fs";
import http from "node:http";

/** Tells the test that this point is reached and waits until the test opens the gate. */
const gate = (name) =>
  new Promise((resolve, reject) => {
    http
      .get(`${process.env.GATE_URL}/${name}`, (response) => response.resume().once("end", resolve))
      .once("error", reject);
  });

const http200 = { statusCode: 200, headers: { "Content-Type": "text/event-stream" } };
const { HttpResponseStream, streamifyResponse } = globalThis.awslambda;

export const echo = async (event, context) => ({
  statusCode: 200,
  headers: { "Content-Type": "application/json", "X-Function-Request-Id": context.awsRequestId },
  body: JSON.stringify(event),
});

export const identity = async (_event, context) => ({
  worker: context.logStreamName,
  name: context.functionName,
  memory: context.memoryLimitInMB,
  remainingMs: context.getRemainingTimeInMillis(),
});

export const environment = async () => process.env;

/** Answers what the event says, as it is. */
export const result = async (event) => (event.body === undefined ? event : JSON.parse(event.body));

export const gated = async (event) => {
  await gate(event.gate);
  return event.gate;
};

export const fail = async () => {
  throw new TypeError("boom");
};

export const crash = async () => process.exit(3);

export const spin = async () => {
  for (;;);
};

export const large = async ({ bytes }) => "x".repeat(bytes);

export const log = async () => {
  console.log("through the console");
  process.stdout.write('{"level":"INFO"}\n');
  process.stderr.write("to stderr\n");
};

/** First chunk, gate, second chunk, gate, end. */
export const stream = streamifyResponse(async (event, responseStream) => {
  const output = HttpResponseStream.from(responseStream, {
    statusCode: 201,
    headers: { "Content-Type": "text/event-stream", "X-Number": 1 },
    multiValueHeaders: { "X-List": ["a", "b"] },
    cookies: ["one=1; Path=/", "two=2; Path=/"],
  });
  output.write("first");
  await gate("after-first");
  output.write("\0\0\0\0\0\0\0\0second");
  await gate("after-second");
  if (event.marker ?? event.queryStringParameters?.marker) {
    appendFileSync(event.marker ?? event.queryStringParameters.marker, "ran to its end");
  }
  output.end();
  await once(output, "finish");
});

export const streamNow = streamifyResponse(async (_event, responseStream) => {
  const output = HttpResponseStream.from(responseStream, http200);
  output.write("data: 1\n\n");
  output.end("data: 2\n\n");
});

export const streamFailsBefore = streamifyResponse(async () => {
  throw new TypeError("before the first byte");
});

export const streamFailsAfter = streamifyResponse(async (_event, responseStream) => {
  HttpResponseStream.from(responseStream, http200).write("first");
  await gate("after-first");
  throw new TypeError("after the first byte");
});

export const streamCrashes = streamifyResponse(async (_event, responseStream) => {
  HttpResponseStream.from(responseStream, http200).write("first");
  await gate("after-first");
  process.exit(4);
});

export const streamDestroys = streamifyResponse(async (_event, responseStream) => {
  HttpResponseStream.from(responseStream, http200).write("first");
  await gate("after-first");
  responseStream.destroy();
});

export const streamWithoutPrelude = streamifyResponse(async (_event, responseStream) => {
  responseStream.write("x".repeat(20_000));
  responseStream.end();
});

export const streamBadPrelude = streamifyResponse(async (_event, responseStream) => {
  responseStream.write("not json");
  responseStream.write(new Uint8Array(8));
  responseStream.end("body");
});

/** The delimiter comes in two pieces. */
export const streamSplitPrelude = streamifyResponse(async (_event, responseStream) => {
  responseStream.write(JSON.stringify({ statusCode: 202, headers: {} }));
  responseStream.write(new Uint8Array(3));
  await gate("within-the-delimiter");
  responseStream.write(new Uint8Array(5));
  responseStream.end("body");
});

/** Writes as fast as its reader takes it, and keeps count in a file. */
export const flood = streamifyResponse(async (event, responseStream) => {
  const { file, megabytes } = event.queryStringParameters;
  const output = HttpResponseStream.from(responseStream, http200);
  const chunk = Buffer.alloc(1024 * 1024, "x");
  for (let written = 1; written <= Number(megabytes); written += 1) {
    if (!output.write(chunk)) await once(output, "drain");
    writeFileSync(file, String(written));
  }
  output.end();
});
