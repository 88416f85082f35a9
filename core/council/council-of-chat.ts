import type { CouncilPriceClass } from "#core/catalog/council-models.ts";
import { askedOutputTokens } from "#core/chat/call-size.ts";
import { GatewayError } from "#core/errors.ts";
import { type ChatRequest, gatewayFields } from "#core/schemas/chat.ts";
import type { CouncilRequest } from "./council-request.ts";
import { comparerFor, defaultPanel, judgeFor } from "./panel.ts";

/** A chat completion that names a council as its model. */

/** What decides over providers or texts in a way that a council does not have. */
const refusedFields = ["load_balance", "guardrails", "prompt_id", "prompt_version", "prompt_variables"] as const;
/** What a council does in its own way, or has not where drafts answer. */
const leftOut = ["fallback", "retries", "logprobs", "top_logprobs"] as const;
const notForwarded: ReadonlySet<string> = new Set([
  ...gatewayFields,
  "model",
  "messages",
  "stream",
  "stream_options",
  "n",
  "max_tokens",
  "max_completion_tokens",
  "logprobs",
  "top_logprobs",
]);

const refused = (message: string, param: string): GatewayError => new GatewayError("BAD_REQUEST", message, { param });

const isAsked = (value: unknown): boolean => value !== undefined && value !== null && value !== false;

const checkFields = (body: ChatRequest, headers: Readonly<Record<string, string | undefined>>): void => {
  for (const field of refusedFields) {
    if (body[field] !== undefined) throw refused(`A council does not support ${field}.`, field);
  }
  if (headers["x-guardrails"] !== undefined) throw refused("A council does not support guardrails.", "X-Guardrails");
  if ((body.n ?? 1) !== 1) throw refused("A council gives one answer: n must be 1.", "n");
};

/** Modalities that the messages need. */
const needsImages = ({ messages }: ChatRequest): boolean =>
  messages.some(
    ({ content }) =>
      Array.isArray(content) && content.some(({ type }: { readonly type: string }) => type === "image_url"),
  );

/** @throws GatewayError BAD_REQUEST */
export const councilOfChat = (
  body: ChatRequest,
  headers: Readonly<Record<string, string | undefined>>,
  priceClass: CouncilPriceClass,
): { readonly request: CouncilRequest; readonly warnings: readonly string[] } => {
  checkFields(body, headers);
  const models = defaultPanel(priceClass, needsImages(body));
  const { tools = [], tool_choice, parallel_tool_calls, ...others } = body;
  const asked = tools.length > 0 ? { ...others, tools, tool_choice, parallel_tool_calls } : others;
  const final = Object.fromEntries(Object.entries(asked).filter(([name]) => !notForwarded.has(name)));
  const request: CouncilRequest = {
    messages: body.messages,
    models,
    judge: judgeFor(models, priceClass, undefined, needsImages(body)),
    comparer: comparerFor(models, undefined),
    rubric: undefined,
    maxCostUsd: undefined,
    maxTokens: askedOutputTokens(body),
    search: false,
    marks: false,
    final: final as Partial<ChatRequest>,
  };
  return { request, warnings: leftOut.filter((field) => isAsked(body[field])) };
};
