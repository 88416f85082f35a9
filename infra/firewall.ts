/** How many requests an address may make in a minute before it is turned away: on each public path, and on all paths. */
const rateLimits = [
  // The contract's own limit of health.
  { name: "health", path: "/api/health", position: "ENDS_WITH", perMinute: 120 },
  // Coarse: the exact limit of signing in is the function's. This keeps a flood from reaching it.
  { name: "auth", path: "/api/auth/", position: "CONTAINS", perMinute: 60 },
  // Far above what one caller needs. It keeps floods, such as of made-up keys, from Lambda and Unkey.
  { name: "all", path: undefined, position: undefined, perMinute: 6_000 },
] as const;

const windowSeconds = 60;

/** In our envelope, like every other error. The firewall cannot fill in a request id. */
const tooManyRequests = JSON.stringify({
  error: {
    code: "RATE_LIMIT_EXCEEDED",
    message: "Too many requests from this address.",
    type: "rate_limit_error",
    param: null,
    details: { retryAfter: windowSeconds },
  },
});

const visibility = (metricName: string) => ({
  cloudwatchMetricsEnabled: true,
  metricName,
  // Samples would show headers, keys among them, to whoever opens the console.
  sampledRequestsEnabled: false,
});

const onPath = (path: string, position: string) => ({
  byteMatchStatement: {
    fieldToMatch: { uriPath: {} },
    // Not an exact match: without a custom domain, the path begins with the stage's name.
    positionalConstraint: position,
    searchString: path,
    textTransformations: [
      { priority: 0, type: "URL_DECODE" },
      { priority: 1, type: "NORMALIZE_PATH" },
    ],
  },
});

const rateRule = ({ name, path, position, perMinute }: (typeof rateLimits)[number], priority: number) => ({
  name: `rate-${name}`,
  priority,
  action: {
    block: {
      customResponse: {
        responseCode: 429,
        customResponseBodyKey: "too-many-requests",
        responseHeaders: [
          { name: "Retry-After", value: String(windowSeconds) },
          { name: "Access-Control-Allow-Origin", value: "*" },
          { name: "Cache-Control", value: "no-store" },
        ],
      },
    },
  },
  statement: {
    rateBasedStatement: {
      limit: perMinute,
      evaluationWindowSec: windowSeconds,
      aggregateKeyType: "IP",
      ...(path === undefined ? {} : { scopeDownStatement: onPath(path, position) }),
    },
  },
  visibilityConfig: visibility(`rate-${name}`),
});

/** Counted, never blocked: prompts hold markup, SQL and shell commands, which such rules take for attacks. */
const commonRules = (priority: number) => ({
  name: "aws-common",
  priority,
  overrideAction: { count: {} },
  statement: { managedRuleGroupStatement: { vendorName: "AWS", name: "AWSManagedRulesCommonRuleSet" } },
  visibilityConfig: visibility("aws-common"),
});

/** The firewall before the API's stage. It costs a fixed sum a month, so only permanent stages have one. */
export const createFirewall = (stageArn: $util.Input<string>): aws.wafv2.WebAcl => {
  const firewall = new aws.wafv2.WebAcl("Firewall", {
    name: `${$app.name}-${$app.stage}`,
    scope: "REGIONAL",
    defaultAction: { allow: {} },
    customResponseBodies: [{ key: "too-many-requests", contentType: "APPLICATION_JSON", content: tooManyRequests }],
    rules: [...rateLimits.map(rateRule), commonRules(rateLimits.length)],
    visibilityConfig: visibility("all"),
  });
  new aws.wafv2.WebAclAssociation("FirewallOfApi", { resourceArn: stageArn, webAclArn: firewall.arn });
  return firewall;
};
