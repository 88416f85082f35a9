import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { afterEach, describe, expect, it } from "vitest";
import {
  deleteItem,
  failedCondition,
  fromAttributes,
  getItem,
  type Plain,
  putItem,
  queryPrefix,
  toAttributes,
  updateItem,
} from "#core/db/table.ts";
import { operationOf } from "#tests/core/support/relay.ts";
import { hasTables, tablesName, useTables } from "#tests/core/support/tables.ts";
import { fc } from "#tests/support/property.ts";

/** DynamoDB keeps 38 digits; pico-dollars stay far below. */
const wholeNumber = fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n });
const asWritten = (value: bigint): Plain =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;

/** Attribute names are ours and never a caller's, so none of these, which plain objects inherit, is one. */
const inherited: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));
const name = fc.string({ minLength: 1 }).filter((text) => !inherited.has(text));

const plain: fc.Arbitrary<Plain> = fc.letrec<{ value: Plain }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "grapheme" }),
    wholeNumber.map(asWritten),
    // Within DynamoDB's range of magnitudes, and never minus zero, which it does not keep.
    fc.double({ min: -1e15, max: 1e15, noNaN: true }).map((value) => Number(value.toFixed(6)) + 0),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }) as fc.Arbitrary<Plain>,
  ),
})).value;

const item = fc.dictionary(name, plain, { maxKeys: 6, noNullPrototype: true }) as fc.Arbitrary<
  Readonly<Record<string, Plain>>
>;

const wrapNumbers = (text: string): number | bigint =>
  Number.isInteger(Number(text)) && !Number.isSafeInteger(Number(text)) ? BigInt(text) : Number(text);

describe("plain values", () => {
  it("come back from DynamoDB's form as they were", () => {
    fc.assert(
      fc.property(item, (value) => {
        expect(fromAttributes(toAttributes(value))).toEqual({ ...value });
      }),
    );
  });

  it("have the form that lib-dynamodb gives them, both ways", () => {
    fc.assert(
      fc.property(item, (value) => {
        const attributes = toAttributes(value);
        expect(attributes).toEqual(marshall(value));
        expect(fromAttributes(attributes)).toEqual(unmarshall(marshall(value), { wrapNumbers }));
      }),
    );
  });

  it("leave out what is undefined", () => {
    expect(toAttributes({ a: undefined, b: 0 })).toEqual({ b: { N: "0" } });
  });

  it.each([
    ["9007199254740993", 9007199254740993n],
    ["-9007199254740993", -9007199254740993n],
    ["9007199254740991", 9007199254740991],
    ["0.5", 0.5],
    // Forms that a whole number may have in an answer and that BigInt() refuses.
    ["1E+21", 1e21],
    ["1e21", 1e21],
  ])("the number %s is read as %s", (text, value) => {
    expect(fromAttributes({ a: { N: text } })).toEqual({ a: value });
  });
});

describe.skipIf(!hasTables)(`rows (${tablesName})`, () => {
  const relay = useTables();
  const key = { pk: "USER#rows", sk: "ROW" };
  afterEach(() => deleteItem("keys", key));

  it("are read back as they were written", async () => {
    const row = {
      ...key,
      cost: 123_456_789_012_345_678_901n,
      nested: { list: [1, "two", null, { three: 0.25 }], empty: {} },
      flag: false,
      text: "ÄÖ 😀 \u0000",
    };
    await putItem("keys", row);
    expect(await getItem("keys", key, { consistent: true })).toEqual(row);
  });

  it("that are absent are undefined", async () => {
    expect(await getItem("keys", { pk: "USER#nobody", sk: "ROW" })).toBeUndefined();
  });

  it("that refuse a condition come with the error; an absent row comes as undefined", async () => {
    await putItem("keys", { ...key, count: 3 });
    const refused = await putItem("keys", key, { condition: "attribute_not_exists(pk)" }).catch(failedCondition);
    expect(refused).toEqual({ item: { ...key, count: 3 } });
    const absent = { pk: "USER#nobody", sk: "ROW" };
    const nothing = await updateItem("keys", absent, "SET a = :a", {
      values: { ":a": 1 },
      condition: "attribute_exists(pk)",
    }).catch(failedCondition);
    expect(nothing).toEqual({ item: undefined });
  });

  it("are not said to refuse a condition when something else went wrong", async () => {
    const error = await updateItem("keys", key, "SET").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ type: "ValidationException" });
    expect(failedCondition(error)).toBeUndefined();
    expect(failedCondition(new Error("other"))).toBeUndefined();
  });

  it("of one partition come in order, either way, up to the limit", async () => {
    const names = ["A#1", "A#2", "A#3", "B#1"];
    for (const sk of names) await putItem("keys", { pk: "USER#query", sk });
    const sorted = async (options: Parameters<typeof queryPrefix>[3]) =>
      (await queryPrefix("keys", "USER#query", "A#", options)).map((row) => row.sk);
    expect(await sorted({ limit: 10 })).toEqual(["A#1", "A#2", "A#3"]);
    expect(await sorted({ limit: 2, descending: true })).toEqual(["A#3", "A#2"]);
  });

  it("are written once by one call, without a read before", async () => {
    await putItem("keys", key);
    expect(relay().requests.map(operationOf)).toEqual(["PutItem"]);
  });
});
