import { once } from "node:events";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import * as z from "zod";

const requestSchema = z.object({
  model: z.string(),
  tools: z.array(z.object({ function: z.object({ name: z.string() }) })).default([]),
});

export interface ScriptedXai {
  readonly url: string;
  /** The `Authorization` of each request so far. */
  readonly authorizations: readonly (string | undefined)[];
  readonly close: () => void;
}

/**
 * An xAI that calls every tool with arguments that break its schema. The gateway pays for such an answer and asks the
 * fallback: the usage row then holds a generation that nobody got, paid by the caller's own key.
 */
export const startScriptedXai = async (): Promise<ScriptedXai> => {
  const authorizations: (string | undefined)[] = [];
  const server = createServer(async (request, response) => {
    authorizations.push(request.headers.authorization);
    const { model, tools } = requestSchema.parse(await json(request));
    const calls = tools.map(({ function: { name } }, index) => ({
      id: `call_${index}`,
      type: "function",
      function: { name, arguments: '{"city":1}' },
    }));
    const message = {
      role: "assistant",
      content: calls.length === 0 ? "Hello from xAI" : null,
      refusal: null,
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
    response.writeHead(200, { "content-type": "application/json" }).end(
      JSON.stringify({
        id: "chatcmpl-scripted",
        object: "chat.completion",
        created: 1_700_000_000,
        model,
        choices: [{ index: 0, message, logprobs: null, finish_reason: calls.length === 0 ? "stop" : "tool_calls" }],
        usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
      }),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The scripted xAI has no port");
  return { url: `http://127.0.0.1:${address.port}`, authorizations, close: () => server.close() };
};
