import { GatewayError } from "#core/errors.ts";
import { webUrlProblem } from "#core/outbound/web-url.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";

/** Results in items, parts in results, sources in parts: nothing that a provider reads stands deeper. */
const maxDepth = 4;

type Check = (url: unknown, path: string, scheme: "http" | "https") => void;

const check: Check = (url, param, scheme) => {
  if (typeof url !== "string" || /^data:/i.test(url)) return;
  // URLs that their host has signed are long: the body's own bound holds.
  const problem = webUrlProblem(url, scheme, Number.POSITIVE_INFINITY);
  if (problem !== undefined) throw new GatewayError("BAD_REQUEST", `The URL cannot be used: ${problem}.`, { param });
};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Images and documents of a block, an item or a part, wherever a provider looks for them; arguments of calls are only text. */
const checkContent = (value: unknown, path: string, depth = 0): void => {
  if (!isRecord(value) || depth > maxDepth) return;
  check(value.image_url, `${path}.image_url`, "http");
  check(value.file_url, `${path}.file_url`, "http");
  if (isRecord(value.source)) {
    if (value.source.type === "url") check(value.source.url, `${path}.source.url`, "http");
    checkAll(value.source.content, `${path}.source.content`, depth);
  }
  checkAll(value.content, `${path}.content`, depth);
  checkAll(value.output, `${path}.output`, depth);
};

const checkAll = (values: unknown, path: string, depth: number): void => {
  for (const [index, each] of listOf(values).entries()) checkContent(each, `${path}[${index}]`, depth + 1);
};

/**
 * Refuses URLs in a request of the Messages or Responses API that lead to a private network: those that its provider
 * would fetch, and servers of tools that it would call, which have to be https. @throws GatewayError BAD_REQUEST
 */
export const checkNativeUrls = ({ messages, input, tools, mcp_servers: servers }: JsonRecord): void => {
  checkAll(messages, "messages", 0);
  checkAll(input, "input", 0);
  for (const [index, each] of listOf(servers).entries())
    if (isRecord(each)) check(each.url, `mcp_servers[${index}].url`, "https");
  for (const [index, each] of listOf(tools).entries())
    if (isRecord(each)) check(each.server_url, `tools[${index}].server_url`, "https");
};
