import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { parseArgs, promisify } from "node:util";
import * as z from "zod";
import { replaceSection, table } from "#tests/bench/markdown.ts";
import { startChatParts } from "./chat-parts.ts";

/**
 * `npm run load -- requests`: memory does not grow with the number of requests. The chat completions function serves requests of
 * all kinds in a separate process, several at a time. Fails when live memory keeps growing after the first tenth.
 */

const { values: flags } = parseArgs({
  options: {
    requests: { type: "string", default: "100000" },
    /** Write the result to docs/quality/performance.md. */
    write: { type: "boolean", default: false },
  },
});

const megabyte = 1_024 * 1_024;
const looks = 10;
const atOnce = 8;
/** Between the first tenth and the last: caches with a bound of their own fill on the way. */
const maxGrowthBytes = 10 * megabyte;
const timeoutMs = 1_800_000;

const answer = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "gpt-5.2",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "Hello", refusal: null },
      logprobs: null,
      finish_reason: "stop",
    },
  ],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
};
const message = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-sonnet-4-6",
  content: [{ type: "text", text: "Hello" }],
  stop_reason: "end_turn",
  usage: { input_tokens: 3, output_tokens: 1 },
};
const events = [
  { type: "message_start", message: { ...message, content: [], stop_reason: null } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello" } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 1 } },
  { type: "message_stop" },
];
const chunk = (delta: object, finish: string | null) => ({
  ...answer,
  object: "chat.completion.chunk",
  usage: undefined,
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
});
const frames = [
  chunk({ role: "assistant", content: "" }, null),
  chunk({ content: "Hello" }, null),
  chunk({}, "stop"),
  { ...answer, object: "chat.completion.chunk", choices: [] },
];

const sse = (values: readonly object[]): string => values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join("");

/** Plays OpenAI and Anthropic, with one word. */
const startProvider = async () => {
  const server = createServer(async (request, response) => {
    const { stream } = (await json(request)) as { stream?: boolean };
    const isAnthropic = request.url?.includes("/messages") === true;
    const type = stream === true ? "text/event-stream" : "application/json";
    response.writeHead(200, { "content-type": type });
    if (stream !== true) response.end(JSON.stringify(isAnthropic ? message : answer));
    else response.end(isAnthropic ? sse(events) : `${sse(frames)}data: [DONE]\n\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The provider has no port");
  return { server, url: `http://127.0.0.1:${address.port}` };
};

const shown = (bytes: number): string => `${(bytes / megabyte).toFixed(1)} MB`;
const requests = Number(flags.requests);
const { server, url } = await startProvider();
const parts = await startChatParts(url);
try {
  const child = join(import.meta.dirname, "requests-function.ts");
  const settings = { key: parts.key, requests, looks, atOnce };
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", child], {
    env: { ...parts.environment, REQUESTS: JSON.stringify(settings) },
    timeout: timeoutMs,
    maxBuffer: 4_096 * megabyte,
  });
  const { live } = z.object({ live: z.array(z.number()) }).parse(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? ""));
  const growth = (live.at(-1) ?? Number.NaN) - (live[0] ?? Number.NaN);
  const rows = live.map((bytes, index) => [String(Math.round((requests / looks) * (index + 1))), shown(bytes)]);
  const text = `${table(["Requests served", "Live memory"], rows)}\n\nGrowth from the first tenth to the last: ${shown(growth)}.`;
  process.stdout.write(`${text}\n`);
  if (flags.write) await replaceSection("requests", text);
  if (!(growth < maxGrowthBytes)) process.exitCode = 1;
} finally {
  server.close();
  server.closeAllConnections();
  await parts.close();
}
