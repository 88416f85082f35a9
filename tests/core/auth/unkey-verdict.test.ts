import { expect, it } from "vitest";
import * as z from "zod";
import { hasVerdict } from "#core/auth/unkey-verify.ts";
import { fc, runs } from "#tests/support/property.ts";

/** What the check by hand has to agree with. */
const schema = z.object({
  data: z.object({
    valid: z.boolean(),
    code: z.string(),
    keyId: z.string().optional(),
    expires: z.number().optional(),
    identity: z.object({ externalId: z.string() }).optional(),
    ratelimits: z
      .array(
        z.object({
          name: z.string(),
          limit: z.number(),
          remaining: z.number(),
          reset: z.number(),
          exceeded: z.boolean(),
        }),
      )
      .optional(),
  }),
});

/** Nearly always what is expected, else any JSON, or nothing. */
const mostly = (expected: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 30, arbitrary: expected }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) });

const number = mostly(fc.double({ noNaN: true, noDefaultInfinity: true }));
const limit = mostly(
  fc.record(
    { name: mostly(fc.string()), limit: number, remaining: number, reset: number, exceeded: mostly(fc.boolean()) },
    { requiredKeys: ["name", "limit", "remaining", "reset"] },
  ),
);
const data = mostly(
  fc.record(
    {
      valid: mostly(fc.boolean()),
      code: mostly(fc.string()),
      keyId: mostly(fc.string()),
      expires: number,
      identity: mostly(fc.record({ externalId: mostly(fc.string()) })),
      ratelimits: mostly(fc.array(limit, { maxLength: 3 })),
      meta: fc.jsonValue({ maxDepth: 1 }),
    },
    { requiredKeys: ["valid"] },
  ),
);

it("takes exactly the answers that the schema takes, and reads the same from them", () => {
  let taken = 0;
  fc.assert(
    fc.property(mostly(fc.record({ data })), (value) => {
      // As it comes: through JSON.
      const answer: unknown = JSON.parse(JSON.stringify(value));
      const parsed = schema.safeParse(answer);
      expect(hasVerdict(answer)).toBe(parsed.success);
      if (!parsed.success) return;
      taken++;
      expect(answer).toMatchObject(parsed.data);
    }),
    { numRuns: runs(1_000) },
  );
  expect(taken).toBeGreaterThan(100);
});
