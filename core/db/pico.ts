import * as z from "zod/mini";

/** An amount of pico-dollars as a row holds it: a number, or a bigint where a double would lose digits. */
export const pico = z.pipe(
  z.union([z.number(), z.bigint()]),
  z.transform((value: number | bigint) => BigInt(value)),
);
