import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { assets } from "#functions/dashboard/assets.generated.js";

it("the first load of the dashboard's script and style stays under 60 KB gzipped", () => {
  const bytes = [...assets.values()].map(({ text }) => gzipSync(text).byteLength);
  expect(bytes.length).toBeGreaterThan(1);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60 * 1_024);
});
