import { GatewayError } from "#core/errors.ts";
import type { ChatMessage, ChatRequest } from "#core/schemas/chat.ts";
import { langfuseProject } from "./fetch-prompt.ts";
import { checkVariables, fillVariables, type PromptVariables } from "./fill-variables.ts";
import { type Prompt, type PromptMessage, toPromptVersion } from "./prompt.ts";
import { PromptCache } from "./prompt-cache.ts";

export interface PromptQuery {
  readonly promptId: string;
  /** A version, a label, or nothing: the label `production`. */
  readonly version?: number | string | undefined;
  readonly variables?: PromptVariables | undefined;
  readonly signal: AbortSignal;
}

export interface RenderedPrompt {
  readonly promptId: string;
  /** The version that the label pointed at. */
  readonly version: number;
  /** It is an older copy, since Langfuse is out of reach. */
  readonly stale: boolean;
  /** Before the position of the request's own messages. A text prompt is one system message. */
  readonly before: readonly ChatMessage[];
  /** After it: only where a chat prompt has a placeholder in its middle. */
  readonly after: readonly ChatMessage[];
}

const roles = ["system", "developer", "user", "assistant"] as const;

const unusable = (message: string): GatewayError => new GatewayError("BAD_REQUEST", message, { param: "prompt_id" });

const toMessage = (
  { role, content }: Extract<PromptMessage, { role: string }>,
  variables: PromptVariables,
): ChatMessage => {
  const known = roles.find((each) => each === role);
  if (known === undefined) {
    throw unusable(`The prompt contains a message whose role is not one of ${roles.join(", ")}.`);
  }
  return { role: known, content: fillVariables(content, variables) };
};

const render = (prompt: Prompt, variables: PromptVariables): Pick<RenderedPrompt, "before" | "after"> => {
  if (prompt.type === "text") {
    checkVariables([prompt.prompt], variables);
    return { before: [{ role: "system", content: fillVariables(prompt.prompt, variables) }], after: [] };
  }
  checkVariables(
    prompt.prompt.flatMap((entry) => ("role" in entry ? [entry.content] : [])),
    variables,
  );
  const messages: ChatMessage[] = [];
  let position: number | undefined;
  for (const entry of prompt.prompt) {
    if ("role" in entry) messages.push(toMessage(entry, variables));
    else if (position === undefined) position = messages.length;
    else throw unusable("The prompt has more than one placeholder, but a request has only one list of messages.");
  }
  return { before: messages.slice(0, position), after: position === undefined ? [] : messages.slice(position) };
};

const cache = new PromptCache();

/**
 * A prompt template of the operator's Langfuse project with its variables filled in.
 * @throws GatewayError BAD_REQUEST: Langfuse is not set up, has no such prompt or version, or a variable has no value
 * (`param` names it); SERVICE_UNAVAILABLE: it is out of reach and there is no copy.
 */
export const renderPrompt = async (query: PromptQuery, prompts: PromptCache = cache): Promise<RenderedPrompt> => {
  const { promptId, variables = {}, signal } = query;
  const { prompt, stale } = await prompts.get(langfuseProject(), promptId, toPromptVersion(query.version), signal);
  return { promptId, version: prompt.version, stale, ...render(prompt, variables) };
};

export interface PromptedRequest {
  /** With the prompt's messages in it, and without the prompt's fields. */
  readonly request: ChatRequest;
  /** For the cache key, the log and a header; undefined when the request names no prompt. */
  readonly prompt: Pick<RenderedPrompt, "promptId" | "version" | "stale"> | undefined;
}

/**
 * Puts the prompt that a request names before its messages, or around them where a chat prompt has a placeholder.
 * @throws GatewayError as `renderPrompt`; BAD_REQUEST for a version or variables without a `prompt_id`.
 */
export const applyPrompt = async (
  request: ChatRequest,
  signal: AbortSignal,
  prompts: PromptCache = cache,
): Promise<PromptedRequest> => {
  const { prompt_id: promptId, prompt_version: version, prompt_variables: variables, ...rest } = request;
  if (promptId === undefined) {
    if (version === undefined && variables === undefined) return { request, prompt: undefined };
    const param = version === undefined ? "prompt_variables" : "prompt_version";
    throw new GatewayError("BAD_REQUEST", `${param} requires a prompt_id.`, { param });
  }
  const { before, after, ...prompt } = await renderPrompt({ promptId, version, variables, signal }, prompts);
  return { request: { ...rest, messages: [...before, ...request.messages, ...after] }, prompt };
};
