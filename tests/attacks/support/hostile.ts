import { fc } from "#tests/support/property.ts";

/** Texts and values that break parsers, stores, logs and headers which do not expect them. */

const hostileTexts = [
  "",
  "\u0000",
  "\ud800",
  "\udc00\ud800",
  "a\r\nSet-Cookie: evil=1",
  "\u2028\u2029",
  "\u001b[31mred",
  "__proto__",
  "constructor",
  "toString",
  "../../../etc/passwd",
  "%00%0d%0a",
  "openai/constructor",
  "openai/__proto__",
  "data: x\n\n",
  "\u202egnp.exe",
  "x".repeat(201),
  "💥".repeat(2_000),
  "-1",
  "1e999",
  "data:image/png;base64,AAAA",
  "https://[::1]/",
] as const;

const hostileText = fc.oneof(fc.constantFrom(...hostileTexts), fc.string({ unit: "binary", maxLength: 30 }));

const hostileValue = fc.oneof(
  hostileText,
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 2 ** 53, 1e308, -1e308, [], {}, [[]], [null], { toString: "x" }),
  fc.array(hostileText, { maxLength: 3 }),
  fc.jsonValue({ maxDepth: 3 }),
);

type Path = readonly (string | number)[];

/** Where something stands in a value: every member and item, at any depth. */
const pathsIn = (value: unknown, path: Path = []): readonly Path[] =>
  typeof value !== "object" || value === null
    ? [path]
    : [path, ...Object.entries(value).flatMap(([name, member]) => pathsIn(member, [...path, name]))];

const changedAt = (value: unknown, [name, ...rest]: Path, change: (before: unknown) => unknown): unknown => {
  if (name === undefined) return change(value);
  if (typeof value !== "object" || value === null) return value;
  const copy: Record<string, unknown> = Array.isArray(value)
    ? (Object.assign([], value) as unknown as Record<string, unknown>)
    : { ...value };
  copy[name] = changedAt(copy[name], rest, change);
  return copy;
};

/** A good body with something wrong anywhere in it: a value gone, replaced, or one too many; up to three times. */
export const brokenBody = (good: unknown, fieldNames: readonly string[]): fc.Arbitrary<unknown> => {
  const names = fc.oneof(hostileText, fc.constantFrom("x", ...fieldNames));
  const change = fc.oneof(
    fc.constant((): unknown => undefined),
    hostileValue.map((value) => (): unknown => value),
    fc.tuple(names, hostileValue).map(
      ([name, value]) =>
        (before: unknown): unknown =>
          typeof before === "object" && before !== null && !Array.isArray(before)
            ? { ...before, [name]: value }
            : [before, value],
    ),
  );
  return fc.array(fc.tuple(fc.nat(), change), { minLength: 1, maxLength: 3 }).map((changes) =>
    changes.reduce<unknown>((body, [place, apply]) => {
      const paths = pathsIn(body);
      return changedAt(body, paths[place % paths.length] ?? [], apply);
    }, good),
  );
};
