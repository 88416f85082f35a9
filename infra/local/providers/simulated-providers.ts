import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createMediaProviders, mediaBasePaths } from "#infra/local/media-providers/media-providers.ts";
import { answerRequest } from "./answer-request.ts";
import { answerBedrock } from "./bedrock.ts";
import { Journal, type ReceivedRequest } from "./journal.ts";
import { profiles, type SimulatedProviderId } from "./profiles.ts";
import { startWireEngine } from "./wire-engine.ts";

export interface SimulatedProvidersOptions {
  /** A free one by default. */
  readonly port?: number;
  /** 127.0.0.1 by default. */
  readonly host?: string;
  /** Between two content chunks of a stream that scripts nothing else, ms. 15 by default. */
  readonly chunkDelayMs?: number;
}

export interface SimulatedProviders {
  /** As the vendors' SDKs take them: Anthropic's is the root, the others end in the version. */
  readonly baseUrls: Readonly<Record<SimulatedProviderId | keyof typeof mediaBasePaths | "bedrock", string>>;
  /** The last 200 requests, oldest first, without credentials. */
  readonly requests: () => readonly ReceivedRequest[];
  /** Forgets the requests. */
  readonly clearRequests: () => void;
  /** Ends open answers and stops listening. */
  readonly close: () => Promise<void>;
}

const providerIds = Object.keys(profiles) as readonly SimulatedProviderId[];
const journalPath = "/simulated/requests";

const routeOf = (url: string): { readonly provider: SimulatedProviderId; readonly path: string } | undefined => {
  const { pathname } = new URL(url, "http://simulated");
  const provider = providerIds.find((id) => pathname.startsWith(`/${id}/`));
  return provider === undefined ? undefined : { provider, path: pathname.slice(provider.length + 1) };
};

/**
 * Starts stand-ins for the providers of chat, media and web search on one port, each under its own path and in its own wire format. Every answer
 * says `x-provider-simulated: true`. Tests script it by directives in the last user message, see directives.ts.
 * `GET /simulated/requests` gives the journal to another process.
 * Length: one entry for each provider's paths.
 */
export const startSimulatedProviders = async (options: SimulatedProvidersOptions = {}): Promise<SimulatedProviders> => {
  const { port = 0, host = "127.0.0.1", chunkDelayMs = 15 } = options;
  const engine = await startWireEngine();
  const journal = new Journal();
  const media = createMediaProviders(journal);

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader("x-provider-simulated", "true");
    const url = request.url ?? "/";
    if (url === journalPath) {
      response.setHeader("content-type", "application/json").end(JSON.stringify({ requests: journal.requests() }));
      return;
    }
    if (await media.handle(request, response)) return;
    if (url.startsWith("/bedrock/") && (await answerBedrock({ request, response, origin }, journal))) return;
    const route = routeOf(url);
    if (route === undefined) {
      response.writeHead(404, { "content-type": "text/plain" }).end("No simulated provider has this path.\n");
      return;
    }
    const { provider, path } = route;
    const entry = journal.add(provider, request.method ?? "GET", path, request.headers);
    const left = new AbortController();
    response.once("close", () => {
      entry.close(response.writableFinished);
      left.abort();
    });
    await answerRequest({
      provider,
      profile: profiles[provider],
      path,
      request,
      response,
      entry,
      engine,
      chunkDelayMs,
      signal: left.signal,
    });
  };

  let origin = "";
  const server = createServer((request, response) => {
    handle(request, response).catch((thrown: unknown) => {
      response.destroy(thrown instanceof Error ? thrown : new Error("A simulated provider failed."));
    });
  });
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (thrown) {
    await engine.close();
    throw thrown;
  }
  const address = server.address();
  const boundPort = typeof address === "object" && address !== null ? address.port : port;
  origin = `http://${host}:${boundPort}`;
  const baseUrl = (id: SimulatedProviderId): string => `${origin}/${id}${profiles[id].basePath}`;
  const mediaUrl = (id: keyof typeof mediaBasePaths): string => `${origin}/${id}${mediaBasePaths[id]}`;

  return {
    baseUrls: {
      openai: baseUrl("openai"),
      anthropic: baseUrl("anthropic"),
      google: baseUrl("google"),
      "x-ai": baseUrl("x-ai"),
      openrouter: baseUrl("openrouter"),
      minimax: baseUrl("minimax"),
      fashn: mediaUrl("fashn"),
      fal: mediaUrl("fal"),
      bfl: mediaUrl("bfl"),
      exa: mediaUrl("exa"),
      bedrock: `${origin}/bedrock`,
    },
    requests: () => journal.requests(),
    clearRequests: () => journal.clear(),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await engine.close();
    },
  };
};
