/**
 * The floor: a Lambda that does nothing but answer, so that what the runtime and the front cost can be taken off.
 * `/floor/json/<bytes>` or `/floor/stream/<chunks>/<gap in ms>`, with frames as long as the provider's.
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

export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const [, , kind, size, gap] = event.path.split("/");
  const contentType = kind === "json" ? "application/json" : "text/event-stream";
  const body = awslambda.HttpResponseStream.from(stream, {
    statusCode: 200,
    headers: { "content-type": contentType },
  });
  if (kind === "json") {
    // The runtime sends the prelude with the first write, and not with an end that carries data.
    body.write(JSON.stringify({ text: "x".repeat(Number(size)) }));
    body.end();
    return;
  }
  for (let chunk = 0; chunk < Number(size); chunk++) {
    if (gap !== "0") await pause(Number(gap));
    body.write(frame);
  }
  body.write("data: [DONE]\n\n");
  body.end();
});
