import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { parseArgs } from "node:util";
import * as z from "zod";
import { machineLoad } from "#tests/bench/machine-load.ts";
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
const timeoutMs = 7_200_000;

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
const servedAt = (look: number): string => Math.round((requests / looks) * (look + 1)).toLocaleString("en");

/** Live memory after each tenth of the requests, bytes. What the function logs is dropped: over 100,000 requests it is 300 MB. */
const serveAll = async (
  settings: object,
  environment: Readonly<Record<string, string>>,
): Promise<readonly number[]> => {
  const child = spawn(process.execPath, ["--expose-gc", join(import.meta.dirname, "requests-function.ts")], {
    env: { ...environment, REQUESTS: JSON.stringify(settings) },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    timeout: timeoutMs,
  });
  const live: number[] = [];
  child.on("message", (message) => {
    const bytes = z.number().parse(message);
    process.stdout.write(`${new Date().toISOString()} ${servedAt(live.length)} requests: ${shown(bytes)}\n`);
    live.push(bytes);
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`The function ended with ${code} after ${live.length} of ${looks} looks`);
  return live;
};

const { server, url } = await startProvider();
const parts = await startChatParts(url);
try {
  const live = await serveAll({ key: parts.key, requests, looks, atOnce }, parts.environment);
  const growth = (live.at(-1) ?? Number.NaN) - (live[0] ?? Number.NaN);
  const about = `Measured ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC: ${requests.toLocaleString("en")} requests, ${atOnce} at a time; ${machineLoad()}.`;
  const rows = live.map((bytes, index) => [servedAt(index), shown(bytes)]);
  const text = `${about}\n\n${table(["Requests served", "Live memory"], rows)}\n\nGrowth from the first tenth to the last: ${shown(growth)}.`;
  process.stdout.write(`${text}\n`);
  if (flags.write) await replaceSection("requests", text);
  if (!(growth < maxGrowthBytes)) process.exitCode = 1;
} finally {
  server.close();
  server.closeAllConnections();
  await parts.close();
}
