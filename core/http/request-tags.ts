import { GatewayError } from "#core/errors.ts";
import { isRecord } from "#core/values/records.ts";
import { maxTagBytes, maxTags, tagBytes, tagNameFault, tagValueFault } from "#core/values/tags.ts";
import type { RequestState } from "./request-state.ts";

/**
 * Tags say what a request is for. Callers set them in `metadata` (OpenAI's dialects) and the header `X-Tags`. The session that
 * coding agents send with each request becomes a separate tag.
 */

/** Endpoints whose `metadata` is OpenAI's. Anthropic's holds only the id of a user. */
const withMetadata: ReadonlySet<string> = new Set(["ChatCompletions", "Responses"]);

/** The headers in which agents send the id of their session, and the agent where only one sends it. */
const sessionHeaders: readonly (readonly [header: string, agent: string | undefined])[] = [
  ["x-claude-code-session-id", "claude-code"],
  ["session-id", undefined],
  ["x-session-id", undefined],
];
const sessionForm = /^[\w.:/-]{1,128}$/;
const agentForm = /^[\w.-]{1,64}$/;

const refused = (param: string, why: string): GatewayError =>
  new GatewayError("BAD_REQUEST", `${param} is not valid: ${why}.`, { param });

const checkTag = (param: string, name: string, value: unknown): string => {
  const nameFault = tagNameFault(name);
  if (nameFault !== undefined) throw refused(param, nameFault);
  if (typeof value !== "string") throw refused(`${param}.${name}`, "it must be a string");
  const valueFault = tagValueFault(value);
  if (valueFault !== undefined) throw refused(`${param}.${name}`, valueFault);
  return value;
};

const ofMetadata = (metadata: unknown): readonly (readonly [string, string])[] => {
  if (metadata === undefined || metadata === null) return [];
  if (!isRecord(metadata)) throw refused("metadata", "it must be an object of strings");
  const entries = Object.entries(metadata);
  if (entries.length > maxTags) throw refused("metadata", `at most ${maxTags} pairs are allowed`);
  return entries.map(([name, value]) => [name, checkTag("metadata", name, value)]);
};

const ofHeader = (text: string | undefined): readonly (readonly [string, string])[] => {
  if (text === undefined) return [];
  const parts = text.split(",").filter((part) => part.trim() !== "");
  if (parts.length > maxTags) throw refused("X-Tags", `at most ${maxTags} pairs are allowed`);
  return parts.map((part) => {
    const at = part.indexOf("=");
    if (at === -1) throw refused("X-Tags", "write it as name=value, with commas between several");
    const name = part.slice(0, at).trim();
    return [name, checkTag("X-Tags", name, part.slice(at + 1).trim())];
  });
};

/** The session of an agent and the agent's name, where the headers hold them. Malformed values are ignored. */
const ofAgent = (headers: RequestState["headers"]): readonly (readonly [string, string])[] => {
  for (const [header, agent = headers.originator] of sessionHeaders) {
    const session = headers[header];
    if (session === undefined || !sessionForm.test(session)) continue;
    return agent !== undefined && agentForm.test(agent)
      ? [
          ["session", session],
          ["agent", agent],
        ]
      : [["session", session]];
  }
  return [];
};

/** The tags of a request; undefined without any. Pairs in the body take precedence over those in the header. @throws GatewayError */
const tagsOf = ({ route, headers, body }: RequestState): Readonly<Record<string, string>> | undefined => {
  const metadata = withMetadata.has(route.id) && isRecord(body) ? body.metadata : undefined;
  const named = new Map([...ofHeader(headers["x-tags"]), ...ofMetadata(metadata)]);
  if (named.size > maxTags) throw refused("X-Tags", `at most ${maxTags} pairs are allowed together with metadata`);
  if (tagBytes(named) > maxTagBytes) {
    const param = headers["x-tags"] === undefined ? "metadata" : "X-Tags";
    throw refused(param, `all names and values together have at most ${maxTagBytes} bytes`);
  }
  const all = new Map([...ofAgent(headers), ...named]);
  return all.size === 0 ? undefined : Object.fromEntries(all);
};

/** Notes the tags of a request. @throws GatewayError BAD_REQUEST for tags that are not valid */
export const noteTags = (state: RequestState): void => {
  const tags = tagsOf(state);
  if (tags !== undefined) state.tags = tags;
};
