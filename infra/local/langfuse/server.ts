import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import * as z from "zod";
import { reportFault } from "#infra/local/disk-fault.ts";
import { openStateFile } from "#infra/local/state-file.ts";
import {
  addPrompt,
  demoPrompts,
  findPrompt,
  newPromptSchema,
  type PromptState,
  promptsSchema,
} from "./prompt-store.ts";

/** A running stand-in for Langfuse's prompt management. */
export interface LangfuseServer {
  /** Such as `http://127.0.0.1:4613`: the value of `LANGFUSE_BASE_URL`. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

export interface LangfuseServerOptions {
  readonly publicKey: string;
  readonly secretKey: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Without it, or 0: any free port. */
  readonly port?: number;
  /** Keeps prompts. Without it they live in memory. */
  readonly dataFile?: string;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

const promptsPath = "/api/public/v2/prompts";
const versionSchema = z.coerce.number().int();

const failed = (status: number, message: string, error: unknown): Answer => ({ status, body: { message, error } });
const invalid = (issues: unknown): Answer => failed(400, "Invalid request data", issues);

const getPrompt = (state: PromptState, name: string, query: URLSearchParams): Answer => {
  const label = query.get("label") ?? undefined;
  const given = query.get("version");
  const version = given === null ? undefined : versionSchema.safeParse(given);
  if (version?.success === false) return invalid(version.error.issues);
  const found = findPrompt(state, name, { version: version?.data, label });
  if (found !== undefined) return { status: 200, body: found };
  const which = version === undefined ? `label '${label ?? "production"}'` : `version ${version.data}`;
  return failed(404, `Prompt not found: '${name}' with ${which}`, "LangfuseNotFoundError");
};

const postPrompt = async (state: PromptState, request: IncomingMessage): Promise<Answer> => {
  let body: unknown;
  try {
    body = await json(request);
  } catch {
    return invalid([{ message: "The body is not JSON" }]);
  }
  const parsed = newPromptSchema.safeParse(body);
  return parsed.success ? { status: 201, body: addPrompt(state, parsed.data) } : invalid(parsed.error.issues);
};

/**
 * Starts a stand-in for the part of Langfuse that serves prompts: GET and POST of /api/public/v2/prompts with basic
 * authentication, versions and labels, made after its published API definition. It begins with two demo prompts,
 * `support-reply` and `translate`. It is not Langfuse: no traces, no dependencies between prompts, no protected labels.
 * @throws Error when the port is in use or the data file is not one of ours.
 */
export const startLangfuse = async (options: LangfuseServerOptions): Promise<LangfuseServer> => {
  const file = openStateFile(options.dataFile, promptsSchema, demoPrompts);
  const authorization = `Basic ${Buffer.from(`${options.publicKey}:${options.secretKey}`).toString("base64")}`;

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://langfuse");
    if (pathname !== promptsPath && !pathname.startsWith(`${promptsPath}/`))
      return failed(404, "Not found", "NotFound");
    if (request.headers.authorization !== authorization) {
      return failed(401, "Invalid credentials. Confirm that you've configured the correct host.", "UnauthorizedError");
    }
    if (pathname === promptsPath && request.method === "POST") return postPrompt(file.value, request);
    if (pathname === promptsPath || request.method !== "GET") {
      return failed(405, "Method not allowed", "MethodNotAllowedError");
    }
    return getPrompt(file.value, decodeURIComponent(pathname.slice(promptsPath.length + 1)), searchParams);
  };

  const server = createServer((request, response) => {
    answer(request)
      .then(({ status, body }) => {
        file.save();
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      })
      .catch((error: unknown) => {
        if (request.complete) reportFault("The Langfuse stand-in", error);
        response.destroy();
      });
  });
  server.keepAliveTimeout = 65_000;
  server.listen(options.port ?? 0, options.host ?? "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `http://${options.host ?? "127.0.0.1"}:${address.port}`,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
};
