import { verifyApiKey } from "#core/auth/api-key.ts";
import { requireKey } from "#core/auth/key-format.ts";
import { nearestLimit } from "#core/auth/rate-limit.ts";
import { longestTimeoutMs } from "#core/chat/check-request.ts";
import { messageText } from "#core/chat/chunk-reader.ts";
import { GatewayError } from "#core/errors.ts";
import { jobView } from "#core/jobs/job-view.ts";
import { pollJob } from "#core/jobs/poll-job.ts";
import type { ToolArguments, ToolName } from "#core/mcp/tools.ts";
import { generateImages } from "#core/media/images/generate-images.ts";
import { startVideo } from "#core/media/videos/start-video.ts";
import {
  battleRoute,
  chatCompletionsRoute,
  councilRoute,
  imageGenerateRoute,
  type Route,
  videoGenerateRoute,
  videoStatusRoute,
} from "#core/routes.ts";
import { toArenaRequest } from "#core/schemas/arena.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { isRecord } from "#core/values/records.ts";
import { serveArena } from "./arena-endpoint.ts";
import { callerOf, guardedCallerOf, keyPrincipal } from "./authenticate.ts";
import { serveCouncil } from "./council-endpoint.ts";
import { ownJob } from "./job-endpoint.ts";
import { openAnswer } from "./open-answer.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";

/** A tool's result: text for the model, images if it made any, and the endpoint's own answer. */
export interface ToolResult {
  readonly text: string;
  readonly images?: readonly { readonly type: "image"; readonly data: string; readonly mimeType: string }[];
  readonly data: unknown;
}

const pollTimeoutMs = 20_000;

/** The endpoint whose limit a tool counts against. */
const routeOf: Readonly<Record<ToolName, Route>> = {
  chat: chatCompletionsRoute,
  council: councilRoute,
  battle: battleRoute,
  image: imageGenerateRoute,
  video: videoGenerateRoute,
  video_status: videoStatusRoute,
};

/** Counts a call of a tool against its endpoint's limit, in the same window. @throws GatewayError RATE_LIMIT_EXCEEDED */
const countTool = async (call: Call<unknown>, name: ToolName): Promise<void> => {
  const { limit: routeLimit, id } = routeOf[name];
  const { limit, deferred } = await verifyApiKey(requireKey(call.headers), routeLimit, id, call.startedAtMs);
  call.limit = nearestLimit([call.limit, limit].filter((state) => state !== undefined));
  if (deferred !== undefined) call.deferred.push(deferred);
};

const withBody = <Body>(call: Call<unknown>, body: Body): Call<Body> => Object.assign(call, { body });

const dataOf = ({ json }: EndpointResult): unknown => (isRecord(json) ? json.data : undefined);

const asText = (data: unknown): string => JSON.stringify(data, null, 1);

const chat = async (
  call: Call<unknown>,
  { model, message, system, maxTokens }: ToolArguments["chat"],
): Promise<ToolResult> => {
  const body: ChatRequest = {
    model,
    messages: [
      ...(system === undefined ? [] : [{ role: "system" as const, content: system }]),
      { role: "user", content: message },
    ],
    ...(maxTokens === undefined ? {} : { max_completion_tokens: maxTokens }),
  };
  const defaultTimeoutMs = longestTimeoutMs(body);
  const open = await openAnswer(call, { body, headers: call.headers, caller: guardedCallerOf(call), defaultTimeoutMs });
  const { completion, headers } = await open.whole();
  const { choices, usage } = completion as {
    readonly choices: readonly { readonly message: { readonly content: string | null } }[];
    readonly usage?: unknown;
  };
  const text = messageText(choices[0]?.message ?? {});
  return { text, data: { content: text, model: headers["x-model-used"] ?? model, usage: usage ?? null } };
};

const council = async (call: Call<unknown>, given: ToolArguments["council"]): Promise<ToolResult> => {
  const data = dataOf(await serveCouncil(withBody(call, { ...given, stream: false })));
  return { text: isRecord(data) ? String(data.content) : "", data };
};

const battle = async (call: Call<unknown>, given: ToolArguments["battle"]): Promise<ToolResult> => {
  const data = dataOf(await serveArena(call, toArenaRequest("battle", given)));
  return { text: asText(data), data };
};

/** Image data is returned as an image, addresses as text. */
const image = async (call: Call<unknown>, given: ToolArguments["image"]): Promise<ToolResult> => {
  const { data } = await generateImages(call, given, callerOf(call));
  const parts = data.images.map((made) => ({ made, bytes: /^data:([\w/+.-]+);base64,(.*)$/s.exec(made.url ?? "") }));
  const shown = { ...data, images: parts.map(({ made, bytes }) => (bytes === null ? made : { ...made, url: null })) };
  const images = parts.flatMap(({ bytes }) =>
    bytes === null ? [] : [{ type: "image" as const, data: bytes[2] ?? "", mimeType: bytes[1] ?? "image/png" }],
  );
  return { text: asText(shown), images, data: shown };
};

/** Webhooks that are due are left to the function that delivers them. */
const videoStatus = async (call: Call<unknown>, { id }: ToolArguments["video_status"]): Promise<ToolResult> => {
  const found = await ownJob(keyPrincipal(call).userId, id, "id");
  if (found.kind !== "video") throw new GatewayError("NOT_FOUND", "No video has this id.", { param: "id" });
  const { row } = await pollJob(found, AbortSignal.timeout(pollTimeoutMs));
  const data = jobView(row, Date.now());
  return { text: asText(data), data };
};

const runners: {
  readonly [Name in ToolName]: (call: Call<unknown>, given: ToolArguments[Name]) => Promise<ToolResult>;
} = {
  chat,
  council,
  battle,
  image,
  video: async (call, given) => {
    const { row } = await startVideo(call, given, callerOf(call));
    const data = jobView(row, Date.now());
    return { text: asText(data), data };
  },
  video_status: videoStatus,
};

/** Runs a tool under its endpoint's limit. @throws GatewayError */
export const runTool = async <Name extends ToolName>(
  call: Call<unknown>,
  name: Name,
  given: ToolArguments[Name],
): Promise<ToolResult> => {
  // A chat with a council counts the council separately.
  await countTool(call, name);
  const run = runners[name];
  if (run === undefined) throw new GatewayError("NOT_FOUND", "No tool has this name.");
  return run(call, given);
};
