import { createHash } from "node:crypto";
import { GatewayError } from "#core/errors.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import type { MessagesRequest } from "#core/schemas/messages.ts";
import { isRecord } from "#core/values/records.ts";
import type { Translation } from "./translation.ts";

/** Anthropic's other fields as chat's: thinking, formats, and what no other target has. */

/** The thinking tokens from which a budget asks for more than the effort before it. */
const budgets = [
  [16_384, "high"],
  [4_096, "medium"],
] as const;

const effortOfBudget = (tokens: number): string => budgets.find(([from]) => tokens >= from)?.[1] ?? "low";

/** Anthropic's thinking in OpenAI's one word. */
export const toEffort = ({ thinking, output_config: config }: MessagesRequest): string | undefined => {
  const effort = config?.effort ?? undefined;
  if (thinking?.type === "disabled") return "none";
  if (effort !== undefined) return effort;
  if (thinking === null || thinking === undefined) return undefined;
  const { type, budget_tokens: budget } = thinking;
  if (type === "enabled") return typeof budget === "number" ? effortOfBudget(budget) : "medium";
  return type === "adaptive" ? "medium" : undefined;
};

/** Whether every object says that its fields are all and required: OpenAI holds only such a schema. */
const isStrict = (schema: unknown): boolean => {
  if (Array.isArray(schema)) return schema.every(isStrict);
  if (!isRecord(schema)) return true;
  const { properties, required, additionalProperties } = schema;
  if (isRecord(properties)) {
    const named = Array.isArray(required) ? required : [];
    if (additionalProperties !== false || !Object.keys(properties).every((name) => named.includes(name))) return false;
    if (!Object.values(properties).every(isStrict)) return false;
  } else if (schema.type === "object") return false;
  return Object.entries(schema).every(([name, value]) => name === "properties" || isStrict(value));
};

/** A JSON schema for the answer, under its name of today or the one before. */
export const toResponseFormat = (body: MessagesRequest): Pick<ChatRequest, "response_format"> => {
  const format = body.output_config?.format ?? body.output_format ?? undefined;
  if (format === undefined) return {};
  const { schema } = format;
  return {
    response_format: { type: "json_schema", json_schema: { name: "answer", schema, strict: isStrict(schema) } },
  };
};

/** As long as OpenAI takes it. */
const maxUserLength = 64;

/** Claude Code's ids are long, and describe a device: others get a digest of them. */
export const toUser = ({ metadata }: MessagesRequest): Pick<ChatRequest, "user"> => {
  const id = metadata?.user_id;
  if (typeof id !== "string" || id === "") return {};
  return { user: id.length <= maxUserLength ? id : createHash("sha256").update(id).digest("hex") };
};

/** Fields by which Anthropic reaches something that it stores, or calls somebody's address. */
const stateFields: Readonly<Record<string, string>> = {
  container: "containers of Anthropic's account are shared by everybody who uses it",
  mcp_servers: "the provider would call these addresses, and only Anthropic does so",
  inference_geo: "no other provider promises where it computes",
};

/** Values that ask for nothing but the default. */
const neutral: Readonly<Record<string, readonly unknown[]>> = {
  service_tier: ["auto", "standard_only"],
  speed: ["standard"],
  inference_geo: ["global"],
};

const read: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "system",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "output_format",
  "max_tokens",
  "stream",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "metadata",
  "cache_control",
]);

const asksNothing = (name: string, value: unknown): boolean =>
  value === null ||
  value === undefined ||
  (typeof value === "object" && Object.keys(value).length === 0) ||
  (Object.hasOwn(neutral, name) && neutral[name]?.includes(value) === true);

/** Names the fields that have no counterpart, and refuses those without which the answer would be wrong. */
export const leaveOut = (body: Readonly<Record<string, unknown>>, translation: Translation): void => {
  for (const [name, value] of Object.entries(body)) {
    if (read.has(name) || asksNothing(name, value)) continue;
    const reason = Object.hasOwn(stateFields, name) ? stateFields[name] : undefined;
    if (reason === undefined) translation.drop(name);
    else translation.refuse(new GatewayError("BAD_REQUEST", `${name} is not supported: ${reason}.`, { param: name }));
  }
};

/** Names of `anthropic-beta`: they switch on what only Anthropic has. */
export const betaNames = (header: string | undefined): readonly string[] =>
  (header ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
