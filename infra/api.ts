import { binaryMediaTypes, catchAll, type Route, routes } from "#core/routes.ts";
import { accessLogFormat } from "./access-log.ts";
import type { Domain } from "./deploy-environment.ts";
import { type FunctionContext, functionArgs } from "./functions.ts";
import { createGatewayResponses, gatewayResponsesTrigger } from "./gateway-response-resources.ts";
import { limitRequests } from "./throttling.ts";

/** API Gateway's longest integration timeouts. Without them a stream, too, would end after 29 s. */
const streamTimeoutMs = 900_000;
const bufferedTimeoutMs = 29_000;

const domainArgs = ({ name, certificateArn }: Domain) =>
  certificateArn === undefined ? name : { name, dns: false as const, cert: certificateArn };

const createRestApi = (
  { settings }: FunctionContext,
  domain: Domain | undefined,
  responses: readonly aws.apigateway.Response[],
) =>
  new sst.aws.ApiGatewayV1("Api", {
    // The edge-optimised kind ends a stream after 30 s without a byte, the regional one after 5 minutes.
    endpoint: { type: "regional" },
    // SST would answer OPTIONS by MOCK routes that allow everything. Our functions answer it, each as it should be.
    cors: false,
    accessLog: { retention: settings.logRetention },
    ...(domain === undefined ? {} : { domain: domainArgs(domain) }),
    transform: {
      // With a domain of its own, the generated address would be a way around it.
      api: { disableExecuteApiEndpoint: domain !== undefined, binaryMediaTypes: [...binaryMediaTypes] },
      domainName: { securityPolicy: "TLS_1_2" },
      stage: (stage) => {
        stage.xrayTracingEnabled = true;
        stage.accessLogSettings = $output(stage.accessLogSettings).apply((log) => ({
          destinationArn: log?.destinationArn ?? "",
          format: accessLogFormat,
        }));
        return undefined;
      },
      deployment: (deployment, options) => {
        // A deployment is a snapshot: taken after the gateway responses, and anew when one of them changes.
        deployment.triggers = $output(deployment.triggers).apply((triggers) => ({
          ...triggers,
          gatewayResponses: gatewayResponsesTrigger,
        }));
        options.dependsOn = [...responses];
        return undefined;
      },
    },
  });

type Api = ReturnType<typeof createRestApi>;

/** `ANY`: a wrong method reaches the function, which answers 405 with `Allow` in our envelope, and OPTIONS too. */
const addRoute = (api: Api, route: Route, context: FunctionContext) =>
  api.route(
    `ANY ${route.path}`,
    functionArgs(route, context, {
      streaming: route.stream,
      reservedConcurrency: context.settings.reservedConcurrency[route.concurrency],
    }),
    {
      name: route.id,
      transform: {
        integration: { timeoutMilliseconds: route.stream ? streamTimeoutMs : bufferedTimeoutMs },
      },
    },
  );

/** The whole API: one Lambda for each row of the route table, and one for every other path. */
export const createApi = (context: FunctionContext, domain: Domain | undefined) => {
  const responses: aws.apigateway.Response[] = [];
  const api = createRestApi(context, domain, responses);
  responses.push(...createGatewayResponses(api.nodes.api.id));
  const functions = new Map(routes.map((route) => [route.id as string, addRoute(api, route, context)]));
  const notFound = addRoute(api, catchAll, context);
  functions.set(catchAll.id, notFound);
  // `{proxy+}` does not match the root.
  api.route("ANY /", notFound.nodes.function.arn as $util.Output<sst.aws.FunctionArn>, {
    name: "Root",
    transform: { integration: { timeoutMilliseconds: bufferedTimeoutMs } },
  });
  api.deploy();
  limitRequests(api, context.settings);
  return { api, functions };
};
