import { describe, expect, it } from "vitest";
import * as z from "zod";
import { GatewayError } from "#core/errors.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";

const messageOf = (schema: z.core.$ZodType, value: unknown): string => {
  try {
    parseWith(schema, value);
  } catch (error) {
    if (error instanceof GatewayError) return error.message;
    throw error;
  }
  throw new Error("The schema took it");
};
const field = (schema: z.ZodType, value: unknown): string => messageOf(z.strictObject({ a: schema }), { a: value });

describe("a field that is not valid is reported in a sentence", () => {
  it.each([
    [z.string(), 5, "must be a string, not a number"],
    [z.int(), 1.5, "must be an integer"],
    [z.int(), "1", "must be a number, not a string"],
    [z.boolean(), null, "must be true or false, not null"],
    [z.array(z.string()), "x", "must be an array, not a string"],
    [z.record(z.string(), z.string()), [], "must be an object, not an array"],
    [z.string().min(8), "short", "must have at least 8 characters"],
    [z.string().min(1), "", "must not be empty"],
    [z.string().max(1), "xx", "must have at most 1 character"],
    [z.array(z.string()).min(1), [], "must have at least 1 item"],
    [z.array(z.string()).length(2), [], "must have exactly 2 items"],
    [z.number().max(2), 3, "must be at most 2"],
    [z.number().min(0), -1, "must be at least 0"],
    [z.number().gt(0), 0, "must be more than 0"],
    [z.number().lt(2), 2, "must be less than 2"],
    [z.number().multipleOf(8), 9, "must be a multiple of 8"],
    [z.enum(["red", "blue"]), "green", 'must be one of "red", "blue"'],
    [z.literal("red"), "green", 'must be "red"'],
    [z.email(), "x", "must be an email address"],
    [z.iso.date(), "x", "must be a date such as 2026-11-29"],
    [z.base64(), "!", "must be base64"],
    [z.string().regex(/^[a-z]+$/), "5", "must match /^[a-z]+$/"],
    [z.union([z.string(), z.array(z.string())]), 5, "must be a string or an array"],
    [z.union([z.int().min(1), z.string()]), 0, "must be at least 1"],
    [z.union([z.int().min(1), z.int().max(-1)]), 0, "must have one of the supported forms"],
    [z.string().refine(() => false), "x", "must have a supported value"],
    [z.string().refine(() => false, "must be in the future"), "x", "must be in the future"],
  ] as const)("%#: %j", (schema, value, text) => {
    expect(field(schema, value)).toBe(`The field a ${text}.`);
  });

  it("whose name is unknown, or which is absent, as well", () => {
    expect(messageOf(z.strictObject({}), { b: 1 })).toBe("The field b is unknown.");
    expect(messageOf(z.strictObject({ a: z.string() }), {})).toBe("The field a is missing.");
    expect(messageOf(z.strictObject({}), 5)).toBe("The body must be an object, not a number.");
  });

  it("at the place where it is", () => {
    const chat = (changes: object) =>
      messageOf(chatRequestSchema, { model: "gpt", messages: [{ role: "user", content: "hi" }], ...changes });
    expect(chat({ temperature: 3 })).toBe("The field temperature must be at most 2.");
    expect(chat({ stop: 5 })).toMatch(/^The field stop must be a string or an array/);
    expect(chat({ messages: [{ role: "robot", content: "hi" }] })).toMatch(
      /^The field messages\[0\]\.role must be one of /,
    );
    expect(chat({ messages: [] })).toBe("The field messages must have at least 1 message, unless prompt_id is set.");
  });
});
