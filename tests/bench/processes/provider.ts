import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "./process.ts";

/**
 * A provider that costs as little as it can: raw HTTP, OpenAI-shaped, every byte made before it is asked. The request's
 * `metadata` says how many chunks come and how far apart.
 */

export interface ProviderReady {
  /** Ends in `/v1`, as `OPENAI_BASE_URL` does. */
  readonly url: string;
}

interface Script {
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly metadata?: { readonly chunks?: string; readonly gap_ms?: string; readonly words?: string };
}

const head = `"id":"chatcmpl-BenchBenchBenchBenchBench01","created":1795000000,"model":"gpt-5.4-mini"`;
const chunkHead = `{${head},"object":"chat.completion.chunk","service_tier":"default","system_fingerprint":"fp_0123456789"`;
const words = [" the", " model", " answers", " with", " a", " word", " at", " a", " time", ","];

const frame = (delta: string, finishReason: string): Buffer =>
  Buffer.from(
    `data: ${chunkHead},"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finishReason}}],"usage":null}\n\n`,
  );
const first = frame('{"role":"assistant","content":"","refusal":null}', "null");
const content = words.map((word) => frame(JSON.stringify({ content: word }), "null"));
const last = frame("{}", '"stop"');
const done = Buffer.from("data: [DONE]\n\n");

const usageText = (chunks: number): string =>
  `"usage":{"prompt_tokens":12,"completion_tokens":${chunks},"total_tokens":${12 + chunks},"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`;

const completion = (chunks: number): Buffer => {
  const text = Array.from({ length: chunks }, (_, index) => words[index % words.length]).join("");
  return Buffer.from(
    `{${head},"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":${JSON.stringify(text)},"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],${usageText(chunks)},"service_tier":"default","system_fingerprint":"fp_0123456789"}`,
  );
};

const completions = new Map<number, Buffer>();

const completionOf = (chunks: number): Buffer => {
  const known = completions.get(chunks) ?? completion(chunks);
  completions.set(chunks, known);
  return known;
};

const answerStream = (script: Script, chunks: number, gapMs: number, response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "openai-processing-ms": "1" });
  response.write(first);
  const end = (): void => {
    response.write(last);
    if (script.stream_options?.include_usage === true) {
      response.write(`data: ${chunkHead},"choices":[],${usageText(chunks)}}\n\n`);
    }
    response.end(done);
  };
  const next = (index: number): boolean => response.write(content[index % content.length]);
  if (gapMs === 0) {
    for (let index = 0; index < chunks; index++) next(index);
    end();
    return;
  }
  let sent = 0;
  const timer = setInterval(() => {
    if (sent < chunks) {
      next(sent++);
      return;
    }
    clearInterval(timer);
    end();
  }, gapMs);
  response.once("close", () => clearInterval(timer));
};

const answer = (text: string, response: ServerResponse): void => {
  const script = JSON.parse(text) as Script;
  const chunks = Number(script.metadata?.chunks ?? 64);
  const gapMs = Number(script.metadata?.gap_ms ?? 0);
  if (script.stream === true) {
    answerStream(script, chunks, gapMs, response);
    return;
  }
  const body = completionOf(chunks);
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
};

const receive = (request: IncomingMessage, response: ServerResponse): void => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.once("end", () => answer(Buffer.concat(parts).toString(), response));
};

const server = createServer({ keepAliveTimeout: 120_000 }, receive);
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  const ready: ProviderReady = { url: `http://127.0.0.1:${port}/v1` };
  serve(ready, {}, () => server.closeAllConnections());
});
