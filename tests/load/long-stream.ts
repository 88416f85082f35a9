import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs, promisify } from "node:util";
import * as z from "zod";
import { replaceSection, table } from "#tests/bench/markdown.ts";
import { type ChatParts, startChatParts } from "./chat-parts.ts";

/**
 * `npm run load -- long-stream`: memory does not grow with the length of a stream. The chat completions function runs alone in a
 * process, with the cache and an Idempotency-Key enabled, and passes a short and a long stream through. Fails when the long one
 * needs over 20 MB more in each of three tries.
 */

const { values: flags } = parseArgs({
  options: {
    /** Lengths of the two streams. */
    short: { type: "string", default: "10" },
    long: { type: "string", default: "100" },
    /** Names of cases, separated by commas. */
    cases: { type: "string", default: "bytes,translated" },
    /** Write the result to docs/quality/performance.md. */
    write: { type: "boolean", default: false },
  },
});

const megabyte = 1_024 * 1_024;
const maxGrowthBytes = 20 * megabyte;
const timeoutMs = 240_000;
/** How long the very first stream of a process is, after which it has what every stream needs, garbage included. */
const warmUpBytes = 20 * megabyte;

/** What a case asks for. */
const cases: Readonly<Record<string, object>> = {
  bytes: { model: "gpt-5.2" },
  translated: { model: "claude-sonnet-4-6" },
  guarded: { model: "gpt-5.2", guardrails: { output: [{ type: "pii", action: "redact" }] } },
};

const words = `${"The model answers with one sentence after the other. ".repeat(19)}\n`;

const write = async (response: ServerResponse, frame: string): Promise<void> => {
  if (!response.write(frame)) await once(response, "drain");
};

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({
    id: "chatcmpl-long",
    object: "chat.completion.chunk",
    created: 1,
    model: "long",
    choices: [{ index: 0, delta, finish_reason: finish }],
  })}\n\n`;

const openAiStream = async (response: ServerResponse, bytes: number): Promise<void> => {
  const frame = chunk({ content: words });
  await write(response, chunk({ role: "assistant", content: "" }));
  for (let sent = 0; sent < bytes; sent += frame.length) await write(response, frame);
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  await write(response, `${chunk({}, "stop")}data: ${JSON.stringify({ id: "chatcmpl-long", choices: [], usage })}\n\n`);
  response.end("data: [DONE]\n\n");
};

const event = (data: { readonly type: string; readonly [name: string]: unknown }): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

const anthropicStream = async (response: ServerResponse, bytes: number): Promise<void> => {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "long",
    content: [],
    stop_reason: null,
    usage,
  };
  const frame = event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: words } });
  await write(response, event({ type: "message_start", message }));
  await write(response, event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }));
  for (let sent = 0; sent < bytes; sent += frame.length) await write(response, frame);
  await write(response, event({ type: "content_block_stop", index: 0 }));
  await write(response, event({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage }));
  response.end(event({ type: "message_stop" }));
};

/** A provider whose answers are as long as the last message says. */
const startProvider = async () => {
  const server = createServer(async (request, response) => {
    const bytes = Number(/bytes=(\d+)/.exec(await text(request))?.[1]);
    response.writeHead(200, { "content-type": "text/event-stream" });
    await (request.url?.includes("/messages") ? anthropicStream : openAiStream)(response, bytes);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The provider has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};

const resultSchema = z.object({ bytes: z.number(), peakBytes: z.number() });

/** What is looked at: the resident set as it is, and what collections leave of it. */
const looks = [
  ["resident", []],
  ["live", ["--expose-gc"]],
] as const;

const run = promisify(execFile);

/** The most memory that a stream of so many megabytes takes, bytes. */
const peakOf = async (
  parts: ChatParts,
  request: object,
  megabytes: number,
  nodeFlags: readonly string[],
): Promise<number> => {
  const bytes = megabytes * megabyte;
  const body = (length: number): object => ({
    ...request,
    stream: true,
    timeout: 300_000,
    messages: [{ role: "user", content: `bytes=${length}` }],
  });
  const settings = { key: parts.key, warmUp: body(warmUpBytes), body: body(bytes) };
  const child = join(import.meta.dirname, "long-stream-function.ts");
  const { stdout } = await run(process.execPath, [...nodeFlags, child], {
    env: { ...parts.environment, LONG_STREAM: JSON.stringify(settings) },
    timeout: timeoutMs,
    maxBuffer: 64 * megabyte,
  });
  const line = stdout.trimEnd().split("\n").at(-1) ?? "";
  const result = resultSchema.parse(JSON.parse(line));
  if (result.bytes < bytes) throw new Error(`Only ${result.bytes} bytes of ${bytes} came`);
  return result.peakBytes;
};

/** A busy machine collects late, which shows as growth in one try and not in the next. What a stream keeps shows in each. */
const maxTries = 3;

/** What a short stream and a long one took in the first try that fits, or in the last, bytes. */
const peaksOf = async (parts: ChatParts, request: object, nodeFlags: readonly string[]) => {
  for (let tries = 1; ; tries++) {
    const short = await peakOf(parts, request, Number(flags.short), nodeFlags);
    const long = await peakOf(parts, request, Number(flags.long), nodeFlags);
    const fits = long - short < maxGrowthBytes;
    if (fits || tries === maxTries) return { short, long, fits };
  }
};

const shown = (bytes: number): string => `${(bytes / megabyte).toFixed(1)} MB`;

const main = async (): Promise<boolean> => {
  const provider = await startProvider();
  const parts = await startChatParts(provider.url);
  let holds = true;
  const rows: (readonly string[])[] = [];
  try {
    for (const name of flags.cases.split(",")) {
      const request = cases[name];
      if (request === undefined)
        throw new Error(`There is no case ${name}; there are ${Object.keys(cases).join(", ")}`);
      for (const [look, nodeFlags] of looks) {
        const { short, long, fits } = await peaksOf(parts, request, nodeFlags);
        holds &&= fits;
        const lengths = `${flags.short} MB: ${shown(short)}, ${flags.long} MB: ${shown(long)}`;
        rows.push([`${name}, ${look}`, shown(short), shown(long), shown(long - short)]);
        process.stdout.write(`${name}, ${look}: ${lengths}, ${shown(long - short)} more${fits ? "" : ": TOO MUCH"}\n`);
      }
    }
  } finally {
    provider.close();
    await parts.close();
  }
  if (flags.write) {
    await replaceSection("long-stream", table(["Stream", `${flags.short} MB`, `${flags.long} MB`, "difference"], rows));
  }
  return holds;
};

process.exitCode = (await main()) ? 0 : 1;
