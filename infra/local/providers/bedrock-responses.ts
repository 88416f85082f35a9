import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { type JsonObject, objectsOf, stringOf } from "./json.ts";

/** OpenAI's Responses API at `bedrock-runtime`, in front of the simulated OpenAI, which makes the answers. */

export const responsesPath = "/openai/v1/responses";

const gpt = /^(?:(?:us-gov|us|eu|apac|global|jp|au|ca|in)\.)?openai\.(gpt-(?!oss).+)$/;
const ownTools: ReadonlySet<unknown> = new Set(["function", "custom", "namespace"]);

/** Why AWS does not take a request; undefined for one that it takes. */
const faultIn = (body: JsonObject, bearer: string): readonly [status: number, message: string] | undefined => {
  if (/^(invalid|placeholder)?(-|$)/i.test(bearer)) return [401, "Invalid API key."];
  if (!gpt.test(stringOf(body.model))) return [400, `model \`${String(body.model)}\` isn't supported on this route`];
  if (body.background === true) return [400, "background is not supported."];
  const tool = objectsOf(body.tools).find(({ type }) => !ownTools.has(type));
  return tool === undefined ? undefined : [400, `Tools of type ${String(tool.type)} are not supported.`];
};

interface Passing {
  readonly response: ServerResponse;
  readonly origin: string;
  readonly bearer: string;
  readonly signal: AbortSignal;
}

/** Answers a request whose signature has been checked. @returns the status */
export const passResponses = async (
  { response, origin, bearer, signal }: Passing,
  body: JsonObject,
): Promise<number> => {
  const fault = faultIn(body, bearer);
  if (fault !== undefined) {
    const [status, message] = fault;
    const error = { message, type: "invalid_request_error", param: null, code: null };
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error }));
    return status;
  }
  const upstream = await fetch(`${origin}${responsesPath}`, {
    method: "POST",
    signal,
    headers: { "content-type": "application/json", authorization: `Bearer ${bearer}` },
    body: JSON.stringify({ ...body, model: gpt.exec(stringOf(body.model))?.[1] }),
  });
  const headers = [...upstream.headers].filter(([name]) => /^(content-type|retry-after)/.test(name));
  response.writeHead(upstream.status, Object.fromEntries(headers));
  if (upstream.body === null) response.end();
  else await pipeline(upstream.body as unknown as AsyncIterable<Uint8Array>, response);
  return upstream.status;
};
