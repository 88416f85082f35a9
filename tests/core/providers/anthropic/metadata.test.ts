import { describe, expect, test } from "vitest";
import { toMetadata } from "#core/providers/anthropic/metadata.ts";
import { chatRequest } from "./support.ts";

const sent = (fields: Record<string, unknown>) => {
  const warnings = new Set<string>();
  const { metadata } = toMetadata(chatRequest(fields), warnings);
  return { id: metadata?.user_id ?? undefined, warnings: [...warnings] };
};

describe("the caller's user at Anthropic", () => {
  test.each([
    "someone@example.com",
    "Some One <someone@example.com>",
    "mailto:someone@example.com",
    "+1 555 010 0199",
    "(555) 010-0199",
    "tel:+15550100199",
    "15550100199",
    "Jane Doe",
    "jane.doe",
    "Jürgen1",
    "u".repeat(257),
    "line\nbreak1",
  ])("that may name a person is a stand-in, the same every time, and told of: %s", (user) => {
    const { id, warnings } = sent({ user });
    expect(id).toMatch(/^user_[\w-]{43}$/);
    expect(sent({ user }).id).toBe(id);
    expect(sent({ user: `${user}x` }).id).not.toBe(id);
    expect(warnings).toEqual(["user"]);
    expect(sent({ safety_identifier: user })).toEqual({ id, warnings: ["safety_identifier"] });
  });

  test.each(["u-1", "user_8f3a", "550e8400-e29b-41d4-a716-446655440000", "acme:42/a", "9f86d081884c7d65"])(
    "that is opaque passes as it is: %s",
    (user) => {
      expect(sent({ user })).toEqual({ id: user, warnings: [] });
    },
  );

  test("is not lost behind an empty one", () => {
    expect(sent({ user: " ", safety_identifier: "s-1" })).toEqual({ id: "s-1", warnings: [] });
    expect(sent({ user: "" })).toEqual({ id: undefined, warnings: [] });
  });
});
