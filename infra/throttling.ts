import { type Route, routes } from "#core/routes.ts";
import type { StageSettings, Throttle } from "./stage.ts";

const settingsArgs = ({ ratePerSecond, burst }: Throttle) => ({
  // Each method would get metrics that are paid for; the stage's own are free, and nothing reads others.
  metricsEnabled: false,
  // The access log is enough, and execution logs would hold bodies: prompts and keys.
  loggingLevel: "OFF",
  dataTraceEnabled: false,
  throttlingRateLimit: ratePerSecond,
  throttlingBurstLimit: burst,
});

/** Rows that do work for callers whom nobody knows yet. */
const publicRoutes = (routes as readonly Route[]).filter(({ path }) => /^\/api\/(health$|auth\/)/.test(path));

/** API Gateway's own name of a method: slashes are written `~1`, the leading one too. */
const methodPath = (path: string, method: string): string => `${path.replaceAll("/", "~1")}/${method}`;

/**
 * Limits of the whole stage, and lower ones for public paths. They are named by the real methods: settings under `ANY`
 * are not applied to the requests that it serves.
 */
export const limitRequests = (api: sst.aws.ApiGatewayV1, { throttle, publicThrottle }: StageSettings): void => {
  const { stage } = api.nodes;
  if (stage === undefined) throw new Error("The API has to be deployed before its stage is limited");
  const target = { restApi: api.nodes.api.id, stageName: stage.stageName };
  const all = new aws.apigateway.MethodSettings("ApiThrottle", {
    ...target,
    methodPath: "*/*",
    settings: settingsArgs(throttle),
  });
  let previous: aws.apigateway.MethodSettings = all;
  for (const { id, path, methods } of publicRoutes) {
    for (const method of methods) {
      // One after the other: API Gateway refuses two changes of a stage at once.
      previous = new aws.apigateway.MethodSettings(
        `ApiThrottle${id}${method}`,
        { ...target, methodPath: methodPath(path, method), settings: settingsArgs(publicThrottle) },
        { dependsOn: [previous] },
      );
    }
  }
};
