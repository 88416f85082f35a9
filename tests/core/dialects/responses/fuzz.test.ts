import { describe, expect, it } from "vitest";
import { responsesDialect } from "#core/dialects/responses/dialect.ts";
import { GatewayError } from "#core/errors.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { responsesRequestSchema } from "#core/schemas/responses.ts";
import { fc, runs } from "#tests/support/property.ts";
import { anyResponsesRequest } from "./any-request.ts";

/** Any request: it is refused with a 400, or becomes a chat completion that the core's own schema takes. */

describe("any request", () => {
  it("is refused with a 400 or becomes a chat completion that is valid", () => {
    let taken = 0;
    fc.assert(
      fc.property(anyResponsesRequest, (value) => {
        try {
          const parsed = parseWith(responsesRequestSchema, value);
          expect(responsesDialect.native?.body(parsed)).toBeDefined();
          const { request, warnings, refusal, untranslatable } = responsesDialect.toChat(parsed, {});
          if (refusal !== undefined) throw refusal;
          if (untranslatable !== undefined) throw untranslatable;
          taken += 1;
          expect(chatRequestSchema.safeParse(request).error?.issues).toBeUndefined();
          for (const name of warnings) expect(name).toMatch(/^[\w.$[\]-]{1,64}$/);
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
          expect((error as GatewayError).status).toBe(400);
        }
      }),
      { numRuns: runs(3_000) },
    );
    // Not every one of them may end at the door.
    expect(taken).toBeGreaterThan(300);
  });
});
