/**
 * The format of API Gateway's access log: one JSON object a request. Every value is text, since a variable that has none
 * is written as `-`. No header, no query and no body: nothing here can hold a key or a prompt.
 * Source of the variables: API Gateway developer guide, "Variables for access logging".
 */
const fields = {
  requestId: "$context.requestId",
  requestTimeEpochMs: "$context.requestTimeEpoch",
  method: "$context.httpMethod",
  resourcePath: "$context.resourcePath",
  path: "$context.path",
  protocol: "$context.protocol",
  status: "$context.status",
  errorType: "$context.error.responseType",
  responseBytes: "$context.responseLength",
  responseLatencyMs: "$context.responseLatency",
  transferMode: "$context.integration.responseTransferMode",
  integrationStatus: "$context.integration.status",
  integrationLatencyMs: "$context.integration.latency",
  timeToAllHeadersMs: "$context.integration.timeToAllHeaders",
  timeToFirstContentMs: "$context.integration.timeToFirstContent",
  functionRequestId: "$context.integration.requestId",
  sourceIp: "$context.identity.sourceIp",
  userAgent: "$context.identity.userAgent",
  wafStatus: "$context.waf.status",
  traceId: "$context.xrayTraceId",
} as const;

/** One line, as API Gateway wants it. */
export const accessLogFormat = JSON.stringify(fields);
