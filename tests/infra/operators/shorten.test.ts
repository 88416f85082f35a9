import { describe, expect, it } from "vitest";
import { shorten, toLines } from "#infra/operators/shorten.ts";

describe("shortening a template", () => {
  it("a join of texts and references becomes one text", () => {
    const join = { "Fn::Join": ["", ["a-", { Ref: "Stage" }, "-", { "Fn::GetAtt": ["Alarm", "Arn"] }]] };
    expect(shorten({ Name: join })).toEqual({ Name: { "Fn::Sub": `a-\${Stage}-\${Alarm.Arn}` } });
  });

  it("a text that looks like a reference stays a text", () => {
    const join = { "Fn::Join": ["", [`\${PROP('Dim.model')} `, { Ref: "Stage" }]] };
    expect(shorten(join)).toEqual({ "Fn::Sub": `\${!PROP('Dim.model')} \${Stage}` });
  });

  it("a join with a separator, or with something else inside, is left as it is", () => {
    const separated = { "Fn::Join": ["/", ["a", "b"]] };
    const nested = { "Fn::Join": ["", ["a", { "Fn::Select": [0, ["b"]] }]] };
    expect(shorten([separated, nested])).toEqual([separated, nested]);
  });

  it("the lines of a template are JSON of the same template", () => {
    const template = { Description: "x", Resources: { A: { Type: "T", Properties: { List: [1, null, true] } } } };
    const text = toLines(template);
    expect(JSON.parse(text)).toEqual(template);
    expect(text.split("\n").some((line) => line.startsWith('"A":'))).toBe(true);
  });
});
