import { afterAll, beforeAll } from "vitest";
import { renderGatewayResponse } from "#infra/gateway-responses.ts";
import { createRestApi, type RestRoute } from "#infra/local/api-gateway/rest-api.ts";

/** The functions of the dashboard and the documentation behind an API Gateway front, without the API: tests answer its calls themselves. */

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const context = { awsRequestId: "local", getRemainingTimeInMillis: () => 10_000 };

const toRoute = (path: string, handler: unknown): RestRoute => ({
  path,
  stream: false,
  timeoutMs: 10_000,
  invoke: async (payload) => {
    const result = await (handler as Handler)(JSON.parse(payload), context);
    return { kind: "buffered", requestId: "local", payload: JSON.stringify(result) };
  },
});

const startServer = async () => {
  const { handler: pageHandler } = await import("#functions/dashboard.ts");
  const { handler: assetsHandler } = await import("#functions/dashboard-assets.ts");
  const { handler: docsHandler } = await import("#functions/docs.ts");
  const { handler: docsPagesHandler } = await import("#functions/docs-pages.ts");
  const api = createRestApi({
    routes: [
      toRoute("/dashboard", pageHandler),
      toRoute("/dashboard/{proxy+}", assetsHandler),
      toRoute("/docs", docsHandler),
      toRoute("/docs/{proxy+}", docsPagesHandler),
    ],
    stage: "prod",
    gatewayResponse: (kind, facts) => renderGatewayResponse(kind, facts),
  });
  return { api, url: await api.listen(0, "127.0.0.1") };
};

/** Serves under `/prod`, as API Gateway's own address does. Returns the base URL, stage included. */
export const usePageServer = (): (() => string) => {
  let server: Awaited<ReturnType<typeof startServer>> | undefined;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server?.api.close(0));
  return () => {
    if (server === undefined) throw new Error("The page's server has not started.");
    return server.url;
  };
};
