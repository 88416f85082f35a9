import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "./process.ts";
import { type ProviderAnswers, providerAnswers } from "./provider-answers.ts";

/**
 * A provider that costs as little as it can: raw HTTP in OpenAI's two shapes and Anthropic's, every byte made before it is asked. The
 * request's words say how many chunks come and how far apart.
 */

export interface ProviderReady {
  /** Ends in `/v1`, as `OPENAI_BASE_URL` does. */
  readonly url: string;
}

interface Script {
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
}

const usualChunks = 64;
const pacePattern = /(\d+) chunks, (\d+) ms apart/;

interface Pace {
  readonly chunks: number;
  readonly gapMs: number;
}

const answerStream = (
  answers: ProviderAnswers,
  script: Script,
  { chunks, gapMs }: Pace,
  response: ServerResponse,
): void => {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "openai-processing-ms": "1" });
  response.write(answers.opening);
  const end = (): void => {
    response.end(answers.ending(chunks, script.stream_options?.include_usage === true));
  };
  const next = (index: number): boolean => response.write(answers.words[index % answers.words.length]);
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

const answer = (path: string | undefined, text: string, response: ServerResponse): void => {
  const answers = providerAnswers[path ?? ""];
  if (answers === undefined) {
    // A call that no chat makes today: the bench must notice it.
    response.writeHead(404).end(`The fake provider has no ${path}`);
    return;
  }
  const script = JSON.parse(text) as Script;
  const [, chunkCount = usualChunks, gapMs = 0] = pacePattern.exec(text) ?? [];
  const chunks = Number(chunkCount);
  if (script.stream === true) {
    answerStream(answers, script, { chunks, gapMs: Number(gapMs) }, response);
    return;
  }
  const body = answers.completion(chunks);
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
};

const receive = (request: IncomingMessage, response: ServerResponse): void => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.once("end", () => answer(request.url, Buffer.concat(parts).toString(), response));
};

const server = createServer({ keepAliveTimeout: 120_000 }, receive);
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  const ready: ProviderReady = { url: `http://127.0.0.1:${port}/v1` };
  serve(ready, {}, () => server.closeAllConnections());
});
