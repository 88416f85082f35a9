import {
  type GatewayResponseKind,
  gatewayResponseHeaders,
  gatewayResponses,
  gatewayResponseTemplate,
} from "./gateway-responses.ts";

const kinds = Object.keys(gatewayResponses) as GatewayResponseKind[];

const argsOf = (kind: GatewayResponseKind) => {
  const row = gatewayResponses[kind];
  return {
    responseType: kind,
    // Without a status of its own a row keeps the one that API Gateway answers.
    ...("status" in row ? { statusCode: String(row.status) } : {}),
    responseTemplates: { "application/json": gatewayResponseTemplate(kind) },
    responseParameters: Object.fromEntries(
      Object.entries(gatewayResponseHeaders(kind)).map(([name, value]) => [`gatewayresponse.header.${name}`, value]),
    ),
  };
};

/** Changes whenever one of the responses does: what a deployment has to be triggered by. */
export const gatewayResponsesTrigger = JSON.stringify(kinds.map(argsOf));

/** What API Gateway itself answers, in our envelope. Has to be there before the API is deployed. */
export const createGatewayResponses = (restApiId: $util.Input<string>): aws.apigateway.Response[] =>
  kinds.map((kind) => new aws.apigateway.Response(`GatewayResponse${kind}`, { restApiId, ...argsOf(kind) }));
