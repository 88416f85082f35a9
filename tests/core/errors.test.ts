import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DependencyError, type ErrorCode, errorKinds, GatewayError, toGatewayError } from "#core/errors.ts";
import { filesBelow, repositoryRoot } from "#tests/support/repository-files.ts";

class Down extends DependencyError {
  readonly transient: boolean;
  constructor(transient: boolean) {
    super("sk-secret at 10.0.0.1");
    this.transient = transient;
  }
}

describe("the codes of the contract", () => {
  it.each<[number, readonly ErrorCode[]]>([
    [
      400,
      [
        "BAD_REQUEST",
        "MISSING_REQUIRED_FIELD",
        "INVALID_MODEL",
        "INVALID_MESSAGE_LENGTH",
        "STREAMING_REQUIRED",
        "GUARDRAIL_BLOCKED",
        "context_length_exceeded",
        "content_filter",
        "tool_schema_invalid",
        "tool_choice_invalid",
        "tool_call_id_mismatch",
        "tool_unsupported_for_model",
        "tool_call_invalid_arguments",
      ],
    ],
    [401, ["UNAUTHORIZED", "INVALID_API_KEY"]],
    [402, ["BUDGET_EXCEEDED", "SPEND_LIMIT_EXCEEDED"]],
    [403, ["FORBIDDEN"]],
    [404, ["NOT_FOUND", "model_not_found"]],
    [405, ["METHOD_NOT_ALLOWED"]],
    [409, ["CONFLICT"]],
    [413, ["PAYLOAD_TOO_LARGE"]],
    [415, ["UNSUPPORTED_MEDIA_TYPE"]],
    [422, ["IDEMPOTENCY_MISMATCH"]],
    [429, ["RATE_LIMIT_EXCEEDED", "insufficient_quota"]],
    [500, ["INTERNAL_ERROR"]],
    [501, ["NOT_IMPLEMENTED"]],
    [502, ["PROVIDER_ERROR", "PROVIDER_AUTH_FAILED", "tool_provider_error"]],
    [503, ["MODEL_UNAVAILABLE", "SERVICE_UNAVAILABLE"]],
    [504, ["PROVIDER_TIMEOUT"]],
  ])("with status %i are %j", (status, codes) => {
    const having = Object.entries(errorKinds).filter(([, kind]) => kind.status === status);
    expect(having.map(([code]) => code).sort()).toEqual([...codes].sort());
  });

  it("of tool use have OpenAI's type invalid_request_error", () => {
    for (const [code, { type }] of Object.entries(errorKinds)) {
      if (code.startsWith("tool_")) expect(type, code).toBe("invalid_request_error");
    }
  });
});

describe("GatewayError", () => {
  it("has one envelope, with param null and details empty where there is nothing to say", () => {
    expect(new GatewayError("NOT_FOUND", "gone").toBody()).toEqual({
      error: { code: "NOT_FOUND", message: "gone", type: "invalid_request_error", param: null, details: {} },
    });
  });

  it("keeps a provider's own 400 and 429, with the type that OpenAI's SDKs expect of them", () => {
    expect(new GatewayError("PROVIDER_ERROR", "m", { status: 429 })).toMatchObject({
      status: 429,
      type: "rate_limit_error",
    });
    expect(new GatewayError("PROVIDER_ERROR", "m", { status: 400 })).toMatchObject({
      status: 400,
      type: "invalid_request_error",
    });
    expect(new GatewayError("PROVIDER_ERROR", "m")).toMatchObject({ status: 502, type: "api_error" });
  });

  it("says when to come back in its details too", () => {
    const error = new GatewayError("RATE_LIMIT_EXCEEDED", "m", { retryAfterSeconds: 3, details: { limit: "key" } });
    expect(error.toBody().error.details).toEqual({ limit: "key", retryAfter: 3 });
  });

  it("never shows its cause", () => {
    const error = new GatewayError("INTERNAL_ERROR", "m", { cause: new Error("secret") });
    expect(JSON.stringify(error.toBody())).not.toContain("secret");
  });
});

describe("toGatewayError", () => {
  it("leaves what is one", () => {
    const error = new GatewayError("CONFLICT", "m");
    expect(toGatewayError(error)).toBe(error);
  });

  it("makes a dependency that is out of reach 503 with when to come back, and shows nothing of it", () => {
    const down = new Down(true);
    const error = toGatewayError(down);
    expect(error).toMatchObject({ code: "SERVICE_UNAVAILABLE", retryAfterSeconds: 5, cause: down });
    expect(JSON.stringify(error.toBody())).not.toMatch(/secret|10\.0/);
  });

  it.each([new Down(false), new TypeError("secret"), "secret", null, undefined, { code: "NOT_FOUND", status: 404 }])(
    "makes anything else a bare 500 that keeps what was thrown for the log: %j",
    (thrown) => {
      const error = toGatewayError(thrown);
      expect(error).toMatchObject({ code: "INTERNAL_ERROR", status: 500 });
      expect(error.cause).toBe(thrown);
      expect(JSON.stringify(error.toBody())).not.toContain("secret");
    },
  );
});

describe("an error class", () => {
  it("names itself: the deployed bundles keep no names of classes, and the log has to say which error it was", () => {
    const nameless = filesBelow(join(repositoryRoot, "core"))
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => [
        ...readFileSync(file, "utf8").matchAll(/^(?:export )?class (\w+) extends \w*Error \{\n(.*)\n/gm),
      ])
      .filter(([, name, firstLine]) => !firstLine?.includes(`override readonly name = "${name}"`))
      .map(([, name]) => name);
    expect(nameless).toEqual([]);
  });
});
