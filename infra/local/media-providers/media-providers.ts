import type { IncomingMessage, ServerResponse } from "node:http";
import { UnknownDirective } from "#infra/local/providers/directives.ts";
import type { Journal } from "#infra/local/providers/journal.ts";
import { readBody } from "#infra/local/providers/read-body.ts";
import { ProviderRefusal } from "#infra/local/providers/refusal.ts";
import { answerBfl } from "./bfl.ts";
import { answerExa } from "./exa.ts";
import { answerFal } from "./fal.ts";
import { answerFashn } from "./fashn.ts";
import { answerGoogle, isGoogleMedia } from "./google-media.ts";
import { type MediaExchange, mediaDirectives, sendJson } from "./media-exchange.ts";
import { mediaFiles } from "./media-files.ts";
import { answerMinimax, isMinimaxMedia } from "./minimax-media.ts";
import { answerOpenaiMedia, isOpenaiMedia } from "./openai-media.ts";
import { readForm } from "./read-form.ts";
import { TaskStore } from "./task-store.ts";

/**
 * Stand-ins for the providers of media, on the simulated providers' own port: MiniMax's and Google's beside their chat,
 * FASHN, fal and BFL under their names, and the files that all of them point to. Exa's web search is spoken to in the same way
 * and stands beside them.
 */

type Answer = (exchange: MediaExchange, tasks: TaskStore) => Promise<void>;

interface MediaProvider {
  readonly answer: Answer;
  readonly serves: (path: string) => boolean;
  readonly tasks: TaskStore;
}

const everything = (): boolean => true;

/** The path that a base URL of each ends in. */
export const mediaBasePaths = { fashn: "/v1", fal: "", bfl: "/v1", exa: "" } as const;

const maximumJournalBytes = 256 * 1024;
const filePrefix = "/media-files/";

const sendFile = (name: string, response: ServerResponse) => {
  const file = mediaFiles[name.slice(name.lastIndexOf(".") + 1)];
  if (file === undefined) {
    response.writeHead(404, { "content-type": "text/plain" }).end("There is no such file.\n");
    return;
  }
  response.writeHead(200, { "content-type": file.contentType }).end(file.make());
};

export interface MediaProviders {
  /** Answers a request that is for one of them. False for any other. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

/** Makes them, with no task yet. Length: one entry for each provider's paths. */
export const createMediaProviders = (journal: Journal): MediaProviders => {
  const provider = (answer: Answer, serves: (path: string) => boolean = everything): MediaProvider => ({
    answer,
    serves,
    tasks: new TaskStore(),
  });
  const providers: Readonly<Record<string, MediaProvider>> = {
    minimax: provider(answerMinimax, isMinimaxMedia),
    google: provider(answerGoogle, isGoogleMedia),
    openai: provider(answerOpenaiMedia, isOpenaiMedia),
    fashn: provider(answerFashn),
    fal: provider(answerFal),
    bfl: provider(answerBfl),
    exa: provider(answerExa),
  };

  const answer = async (
    id: string,
    { answer: answerAs, tasks }: MediaProvider,
    path: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const method = request.method ?? "GET";
    const entry = journal.add(id, method, path, request.headers);
    const left = new AbortController();
    response.once("close", () => {
      entry.close(response.writableFinished);
      left.abort();
    });
    const common = {
      method,
      path,
      query,
      request,
      response,
      entry,
      origin: `http://${request.headers.host ?? "127.0.0.1"}`,
      signal: left.signal,
    };
    let exchange: MediaExchange = { ...common, body: {}, directives: {} };
    try {
      if (method === "POST") {
        const isForm = /^multipart\//i.test(request.headers["content-type"] ?? "");
        const { body, byteLength } = await (isForm ? readForm(request) : readBody(request));
        if (byteLength <= maximumJournalBytes) entry.update({ body });
        exchange = { ...common, body, directives: mediaDirectives(body) };
      }
      await answerAs(exchange, tasks);
    } catch (thrown) {
      // The client left while we waited: there is nobody to tell.
      if (left.signal.aborted) return;
      const refused = thrown instanceof UnknownDirective || thrown instanceof ProviderRefusal;
      if (!refused || response.headersSent) throw thrown;
      sendJson(exchange, 400, { detail: thrown.message, message: thrown.message });
    }
  };

  return {
    handle: async (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://simulated");
      if (pathname.startsWith(filePrefix)) {
        sendFile(pathname, response);
        return true;
      }
      const [, id = ""] = pathname.split("/", 2);
      const known = providers[id];
      const path = pathname.slice(id.length + 1);
      if (known?.serves(path) !== true) return false;
      await answer(id, known, path, searchParams, request, response);
      return true;
    },
  };
};
