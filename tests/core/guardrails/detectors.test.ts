import { describe, expect, it } from "vitest";
import { passesLuhn } from "#core/guardrails/detectors/card.ts";
import { passesMod97 } from "#core/guardrails/detectors/iban.ts";
import { findPii } from "#core/guardrails/scan.ts";

const found = (text: string): string[] =>
  findPii(text).map(({ type, start, end }) => `${type} ${text.slice(start, end)}`);

describe("what is found in a text", () => {
  it.each([
    ["Ask bob@example.com.", ["email bob@example.com"]],
    ["bob@example.com.au.", ["email bob@example.com.au"]],
    ["x@a.example,y@b.example", ["email x@a.example", "email y@b.example"]],
    ["4111 1111 1111 1111 12/25 123", ["card 4111 1111 1111 1111"]],
    ["4111111111111111,378282246310005", ["card 4111111111111111", "card 378282246310005"]],
    ["020 7946 0958 2024", ["phone 020 7946 0958"]],
    ["MT84 MALT 0110 0001 2345 MTLC AST0 01S and more", ["iban MT84 MALT 0110 0001 2345 MTLC AST0 01S"]],
    ["10.0.0.1-10.0.0.9", ["ip 10.0.0.1", "ip 10.0.0.9"]],
    ['{"password":"x7Kq29vLmP4"}', ["secret x7Kq29vLmP4"]],
    ["电话13812345678。", ["phone 13812345678"]],
  ])("in %j", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  it("is one finding where two kinds overlap, a secret above all", () => {
    expect(found("postgres://app:s3cr3tPw99@db.example.com/x")).toEqual(["secret s3cr3tPw99@db.example.com"]);
  });

  it("is a card only with a known network's digits that pass Luhn", () => {
    expect(passesLuhn("4242424242424242")).toBe(true);
    expect(passesLuhn("4242424242424241")).toBe(false);
    expect(found("4242424242424241")).toEqual([]);
    // Luhn holds, no network begins so.
    expect(passesLuhn("1234567812345670")).toBe(true);
    expect(found("1234567812345670")).toEqual([]);
  });

  it("is an IBAN only with its country's length and check", () => {
    expect(passesMod97("DE89370400440532013000")).toBe(true);
    expect(found("DE88370400440532013000")).toEqual([]);
    expect(found("DE8937040044053201300")).toEqual([]);
    expect(found("DE893704004405320130001")).toEqual([]);
  });

  it("does not depend on how long the rest is: adversarial texts of 300,000 characters end", {
    timeout: 60_000,
  }, () => {
    const size = 300_000;
    const repeat = (part: string): string => part.repeat(Math.ceil(size / part.length));
    for (const part of [
      "a",
      "a@",
      "a.",
      "1",
      "1 ",
      "+1",
      "+1 2-3(",
      "0171 ",
      "1.2.",
      "a:",
      "::1",
      "GB82 ",
      "GB82WEST",
      "4111 ",
      "eyJ",
      "eyJaaaaaaaaa.",
      "sk-a1",
      "-----BEGIN PRIVATE KEY-----",
      "-----BEGIN ",
      "-----BEGIN PRIVATE KEY----- END",
      "password=",
      "password: '",
      "token is ",
      "://a:b",
      "://",
      "phone 1-",
      "password=a1!",
      "sk-aaaaaaaaaaaaaaaaaaaa1-",
      "\u00a0",
      "-",
      "(",
    ]) {
      // The digit at the end lets every detector run.
      expect(findPii(`${repeat(part)} 1`).length).toBeLessThan(size);
    }
  });
});
