import { scryptSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { hashPassword, isPassword } from "#infra/local/supabase/passwords.ts";

describe("a stored password", () => {
  it("is known again, and no other is", async () => {
    const stored = await hashPassword("correct horse");
    expect(await isPassword("correct horse", stored)).toBe(true);
    expect(await isPassword("correct horse ", stored)).toBe(false);
    expect(await isPassword("", null)).toBe(false);
  });

  it("is known in a data folder of an older version, whose hashes do not name their cost", async () => {
    const salt = Buffer.from("0123456789abcdef");
    const stored = `${salt.toString("base64")}.${scryptSync("correct horse", salt, 32).toString("base64")}`;
    expect(await isPassword("correct horse", stored)).toBe(true);
    expect(await isPassword("wrong horse", stored)).toBe(false);
  });
});
