import type { ResolvedModel } from "#core/catalog/resolve.ts";
import { GatewayError } from "#core/errors.ts";
import { toolName } from "#core/providers/tool-forms.ts";
import { type ChatRequest, type ChatToolChoice, maxTimeoutMs } from "#core/schemas/chat.ts";
import { checkToolTurns } from "./check-tool-turns.ts";

/** Checks that a schema cannot say: they hold for every provider, and are made before any call. */

/** The types of the request's tools by their names. */
type ToolTypes = ReadonlyMap<string, "function" | "custom">;

/** A chosen tool is among the tools, with its own type. */
const checkChosen = (choice: Exclude<ChatToolChoice, string>, types: ToolTypes, path: string): void => {
  if (choice.type === "allowed_tools") {
    for (const [index, tool] of choice.allowed_tools.tools.entries()) {
      checkChosen(tool, types, `${path}.allowed_tools.tools[${index}]`);
    }
    return;
  }
  const name = toolName(choice);
  if (types.get(name) === choice.type) return;
  throw new GatewayError(
    "tool_choice_invalid",
    `tool_choice names ${name}, but no ${choice.type} tool has that name.`,
    {
      param: `${path}.${choice.type}.name`,
    },
  );
};

const checkTools = ({ tools, tool_choice: choice }: ChatRequest): void => {
  const types = new Map<string, "function" | "custom">();
  for (const [index, tool] of (tools ?? []).entries()) {
    const name = toolName(tool);
    if (types.has(name)) {
      throw new GatewayError("tool_schema_invalid", `Two tools are named ${name}.`, {
        param: `tools[${index}].${tool.type}.name`,
      });
    }
    types.set(name, tool.type);
    if (tool.type === "custom") continue;
    const { parameters } = tool.function;
    if (parameters !== undefined && Object.keys(parameters).length > 0 && parameters.type !== "object") {
      throw new GatewayError("tool_schema_invalid", "The root of the parameters must have type object.", {
        param: `tools[${index}].function.parameters`,
      });
    }
  }
  if (choice === undefined || choice === "none") return;
  if (types.size === 0) {
    throw new GatewayError("tool_choice_invalid", "tool_choice requires tools.", { param: "tool_choice" });
  }
  if (typeof choice === "object") checkChosen(choice, types, "tool_choice");
};

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

/** @throws GatewayError 400 for what no model should be asked */
export const checkChatRequest = (request: ChatRequest): void => {
  checkTools(request);
  checkToolTurns(request);
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
