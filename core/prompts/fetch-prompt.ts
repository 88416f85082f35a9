import { GatewayError } from "#core/errors.ts";
import { OutboundError, readText, send } from "#core/outbound/transport.ts";
import { langfuseKeys, providerBaseUrl } from "#core/upstreams.ts";
import { type Prompt, type PromptVersion, promptSchema } from "./prompt.ts";

/** Langfuse could not be asked, or answered nothing that we understand: an older copy may serve. */
export class LangfuseUnavailable extends Error {
  override readonly name = "LangfuseUnavailable";
}

export interface LangfuseProject {
  readonly baseUrl: string;
  readonly publicKey: string;
  readonly secretKey: string;
}

const timeoutMs = 3_000;
const maxBytes = 1024 * 1024;

/** @throws GatewayError BAD_REQUEST when this gateway has no Langfuse project. */
export const langfuseProject = (): LangfuseProject => {
  const keys = langfuseKeys();
  if (keys === undefined) {
    throw new GatewayError("BAD_REQUEST", "Prompt templates are not available: the Langfuse keys are not configured.", {
      param: "prompt_id",
    });
  }
  return { baseUrl: providerBaseUrl("langfuse"), ...keys };
};

const describe = (version: PromptVersion): string =>
  "version" in version ? `version ${version.version}` : `the label "${version.label}"`;

const notFound = (name: string, version: PromptVersion): GatewayError =>
  new GatewayError("BAD_REQUEST", `There is no prompt "${name}" with ${describe(version)}.`, { param: "prompt_id" });

const read = async (
  url: string,
  authorization: string,
): Promise<{ readonly status: number; readonly text: string }> => {
  // Its own time limit and no caller's signal: other requests wait for the same answer.
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await send({
    url,
    method: "GET",
    headers: { authorization, accept: "application/json" },
    headersTimeoutMs: timeoutMs,
    idleTimeoutMs: timeoutMs,
    signal,
  });
  return { status: response.statusCode ?? 0, text: await readText(response, maxBytes, signal) };
};

/**
 * Asks Langfuse for one version of a prompt, 3 s at most.
 * @throws GatewayError BAD_REQUEST for a prompt that it does not have.
 * @throws LangfuseUnavailable
 */
export const fetchPrompt = async (
  { baseUrl, publicKey, secretKey }: LangfuseProject,
  name: string,
  version: PromptVersion,
): Promise<Prompt> => {
  const query = new URLSearchParams(
    "version" in version ? { version: String(version.version) } : { label: version.label },
  );
  const url = `${baseUrl}/api/public/v2/prompts/${encodeURIComponent(name)}?${query}`;
  const authorization = `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString("base64")}`;
  let answer: Awaited<ReturnType<typeof read>>;
  try {
    answer = await read(url, authorization);
  } catch (error) {
    if (error instanceof OutboundError) throw new LangfuseUnavailable(`Langfuse: ${error.message}`);
    throw error;
  }
  if (answer.status === 404) throw notFound(name, version);
  if (answer.status !== 200) throw new LangfuseUnavailable(`Langfuse answered ${answer.status}`);
  let body: unknown;
  try {
    body = JSON.parse(answer.text);
  } catch {
    throw new LangfuseUnavailable("Langfuse's answer is not JSON");
  }
  const parsed = promptSchema.safeParse(body);
  if (!parsed.success) throw new LangfuseUnavailable("Langfuse's answer is not a prompt as documented");
  return parsed.data;
};
