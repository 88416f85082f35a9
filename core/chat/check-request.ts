import type { ResolvedModel } from "#core/catalog/resolve.ts";
import { GatewayError } from "#core/errors.ts";
import { type ChatRequest, maxTimeoutMs } from "#core/schemas/chat.ts";

/** Checks that a schema cannot say: they hold for every provider, and are made before any call. */

const hasPart = (request: ChatRequest, type: string): number =>
  request.messages.findIndex(
    ({ content }) =>
      Array.isArray(content) && (content as readonly { readonly type: string }[]).some((part) => part.type === type),
  );

/** Models outside the catalogue that are known to refuse tools, in any of OpenRouter's variants. */
const withoutTools = /(?:^|\/)deepseek-(?:r1|reasoner)(?::[\w-]+)?$/;

/** What is known that the model cannot do. */
const checkModel = (request: ChatRequest, { id, catalog }: ResolvedModel): void => {
  if (catalog === undefined) {
    if (!withoutTools.test(id) || (request.tools?.length ?? 0) === 0) return;
    const message = `${id} does not support tools; deepseek-chat does.`;
    throw new GatewayError("tool_unsupported_for_model", message, { param: "tools" });
  }
  if (!catalog.capabilities.tools && (request.tools?.length ?? 0) > 0) {
    throw new GatewayError("tool_unsupported_for_model", `${catalog.id} does not support tools.`, { param: "tools" });
  }
  for (const [type, modality] of [
    ["image_url", "image"],
    ["input_audio", "audio"],
    ["file", "file"],
  ] as const) {
    if (catalog.input.includes(modality)) continue;
    const index = hasPart(request, type);
    if (index >= 0) {
      throw new GatewayError("BAD_REQUEST", `${catalog.id} does not accept ${modality} input.`, {
        param: `messages[${index}].content`,
      });
    }
  }
};

/** API Gateway ends an answer that is not streamed earlier. */
const maxUnstreamedTimeoutMs = 290_000;

/** The most that `timeout` may say, ms. */
export const longestTimeoutMs = ({ stream }: Pick<ChatRequest, "stream">): number =>
  stream === true ? maxTimeoutMs : maxUnstreamedTimeoutMs;

const usesTools = ({ tools, tool_choice: choice, messages }: ChatRequest): boolean =>
  tools !== undefined ||
  choice !== undefined ||
  messages.some((message) => "tool_call_id" in message || "tool_calls" in message);

/** Requests without tools do not load the checks of them. @throws GatewayError 400 for what no model should be asked */
export const checkChatRequest = async (request: ChatRequest): Promise<void> => {
  if (usesTools(request)) (await import("./check-tools.ts")).checkTools(request);
  const longestMs = longestTimeoutMs(request);
  if ((request.timeout ?? 0) > longestMs) {
    throw new GatewayError("BAD_REQUEST", `Without streaming, the timeout is at most ${longestMs} ms.`, {
      param: "timeout",
    });
  }
};

/**
 * The choices whose models can take the request: one that cannot is passed over, as if it had refused.
 * @throws GatewayError 400 of the first where none can
 */
export const supportedCandidates = <Choice extends { readonly model: ResolvedModel }>(
  request: ChatRequest,
  choices: readonly [Choice, ...Choice[]],
): readonly [Choice, ...Choice[]] => {
  let refusal: unknown;
  const able = choices.filter(({ model }) => {
    try {
      checkModel(request, model);
      return true;
    } catch (error) {
      refusal ??= error;
      return false;
    }
  });
  const [first, ...others] = able;
  if (first === undefined) throw refusal;
  return [first, ...others];
};
