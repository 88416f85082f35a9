import { describe, expect, it } from "vitest";
import { errorKinds } from "#core/errors.ts";
import {
  type GatewayResponseKind,
  gatewayResponseHeaders,
  gatewayResponses,
  gatewayResponseTemplate,
  renderGatewayResponse,
} from "#infra/gateway-responses.ts";

const kinds = Object.keys(gatewayResponses) as GatewayResponseKind[];

describe("gateway responses", () => {
  it.each(kinds)("%s has our envelope, a known code, CORS and the request id", (kind) => {
    const { status, headers, body } = renderGatewayResponse(kind, { requestId: "id-1", status: 500 });
    const { error } = JSON.parse(body);
    expect(Object.keys(error)).toEqual(["code", "message", "type", "param", "details"]);
    expect(Object.keys(errorKinds)).toContain(error.code);
    expect(error.details.requestId).toBe("id-1");
    expect(headers).toMatchObject({
      "X-Request-ID": "id-1",
      "Access-Control-Allow-Origin": "*",
      "Content-Type": "application/json",
    });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body).not.toContain("$context");
  });

  it("are deployable: templates and header mappings in API Gateway's own syntax", () => {
    for (const kind of kinds) {
      expect(gatewayResponseTemplate(kind)).toContain('"requestId":"$context.requestId"');
      for (const value of Object.values(gatewayResponseHeaders(kind)))
        expect(value).toMatch(/^('[^']*'|context\.\w+)$/);
    }
  });

  it("429 says when to try again, in the header and in the details", () => {
    const { headers, body } = renderGatewayResponse("THROTTLED", { requestId: "id-1", status: 429 });
    expect([headers["Retry-After"], JSON.parse(body).error.details.retryAfter]).toEqual(["1", 1]);
  });

  it("the default rows keep API Gateway's own status", () => {
    expect(renderGatewayResponse("DEFAULT_5XX", { requestId: "id-1", status: 502 }).status).toBe(502);
    expect(renderGatewayResponse("DEFAULT_4XX", { requestId: "id-1", status: 431 }).status).toBe(431);
  });
});
