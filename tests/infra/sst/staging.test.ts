import { describe, expect, it } from "vitest";
import { ofType, theOne } from "#infra/mocked/stage-view.ts";
import { missingPlatform, suiteName } from "./platform.ts";
import { holdStageGuarantees } from "./stage-guarantees.ts";

const { run } = holdStageGuarantees({
  stage: "staging",
  environment: { DOMAIN_NAME: "api.staging.example.com", LOG_LEVEL: "WARN" },
});

describe.skipIf(missingPlatform !== undefined)(suiteName("staging, here with a domain of its own"), () => {
  it("is like production, and can be thrown away", () => {
    expect(run().app).toMatchObject({ removal: "remove", protect: false });
    expect(ofType(run(), "aws:wafv2/webAcl:WebAcl")).toHaveLength(1);
    expect(run().resources.filter(({ type, retainOnDelete }) => retainOnDelete && /dynamodb|kms/.test(type))).toEqual(
      [],
    );
  });

  it("is reached by its domain over TLS 1.2 or later, and no longer by the generated address", () => {
    expect(theOne(run(), "aws:apigateway/domainName:DomainName", "ApiDomainName")).toMatchObject({
      domainName: "api.staging.example.com",
      securityPolicy: "TLS_1_2",
      endpointConfiguration: { types: "REGIONAL" },
    });
    expect(ofType(run(), "aws:apigateway/basePathMapping:BasePathMapping")).toHaveLength(1);
    expect(theOne(run(), "aws:apigateway/restApi:RestApi", "ApiApi")).toMatchObject({
      disableExecuteApiEndpoint: true,
    });
    expect(run().outputs.url).toBe("https://api.staging.example.com");
  });
});
