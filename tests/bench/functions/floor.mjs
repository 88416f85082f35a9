import { connect } from "node:net";

/**
 * Lambdas that do nothing of their own, so that what the runtime, the front and the network cost can be told apart:
 * `/floor/json/<bytes>` and `/floor/stream/<chunks>/<gap in ms>` only answer, with frames as long as the provider's;
 * `/floor/calls/<bytes>` makes the calls of a chat first (two, two, the provider's, two) over bare sockets, and reads nothing
 * of what comes.
 */
const frame = `data: ${JSON.stringify({
  id: "chatcmpl-BenchBenchBenchBenchBench01",
  created: 1_795_000_000,
  model: "gpt-5.4-mini",
  object: "chat.completion.chunk",
  service_tier: "default",
  system_fingerprint: "fp_0123456789",
  choices: [{ index: 0, delta: { content: " model" }, logprobs: null, finish_reason: null }],
  usage: null,
})}\n\n`;

const pause = (gapMs) => new Promise((resolve) => setTimeout(resolve, gapMs));

/** Idle sockets by port. */
const idle = new Map();

const post = (url, headers, body) =>
  new Promise((resolve) => {
    const { hostname, port, pathname } = new URL(url);
    const socket = idle.get(port)?.pop() ?? connect({ host: hostname, port: Number(port), noDelay: true });
    // Each of these answers is so short that it comes in one read.
    socket.once("data", () => {
      idle.set(port, [...(idle.get(port) ?? []), socket]);
      resolve();
    });
    socket.write(
      `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`,
    );
  });

/** As long as a signed call is. */
const signature = `authorization: AWS4-HMAC-SHA256 ${"x".repeat(240)}\r\nx-amz-date: 20261125T000000Z\r\n`;
const row = JSON.stringify({ TableName: "bench", text: "x".repeat(600) });
const table = (operation) =>
  post(
    `${process.env.AWS_ENDPOINT_URL_DYNAMODB}/`,
    `${signature}x-amz-target: DynamoDB_20120810.${operation}\r\ncontent-type: application/x-amz-json-1.0\r\n`,
    row,
  );

const makeCalls = async (body) => {
  const json = "content-type: application/json\r\n";
  await Promise.all([post(`${process.env.UNKEY_URL}/v2/keys.verifyKey`, json, '{"key":"x"}'), table("GetItem")]);
  await Promise.all([table("UpdateItem"), table("PutItem")]);
  await post(`${process.env.OPENAI_BASE_URL}/chat/completions`, json, body);
};

export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const [, , kind, size, gap] = event.path.split("/");
  const contentType = kind === "stream" ? "text/event-stream" : "application/json";
  const calls = kind === "calls";
  if (calls) await makeCalls(event.body);
  const body = awslambda.HttpResponseStream.from(stream, {
    statusCode: 200,
    headers: { "content-type": contentType },
  });
  if (kind !== "stream") {
    // The runtime sends the prelude with the first write, and not with an end that carries data.
    body.write(JSON.stringify({ text: "x".repeat(Number(size)) }));
    body.end();
    if (calls) await Promise.all([table("UpdateItem"), table("UpdateItem")]);
    return;
  }
  for (let chunk = 0; chunk < Number(size); chunk++) {
    if (gap !== "0") await pause(Number(gap));
    body.write(frame);
  }
  body.write("data: [DONE]\n\n");
  body.end();
});
