import { expect, it } from "vitest";
import type { ImageWork } from "#core/providers/media/image-adapter.ts";
import { openaiImages } from "#core/providers/media/openai/image.ts";

const work = (prompt: string, size?: string, images: readonly string[] = []): ImageWork => ({
  model: "gpt-image-2",
  request: { prompt, n: 1 },
  images,
  mask: undefined,
  ...(size === undefined ? {} : { extra: { size } }),
});
const cost = (...parts: Parameters<typeof work>): bigint => openaiImages.costOfOne(work(...parts)) ?? -1n;

it("the reservation for an OpenAI image grows with its prompt, its size and the images that it reads", () => {
  const usual = cost("A lake");
  expect(cost("\u6e56".repeat(10_000))).toBeGreaterThan(usual);
  expect(cost("A lake", "auto")).toBe(usual);
  expect(cost("A lake", "1024x1024")).toBe(usual);
  // 4,160 tokens for 1,024 by 1,024 pixels, at $30 for a million.
  expect(cost("A lake", "3840x2160")).toBeGreaterThan((3_840n * 2_160n * 4_160n * 30_000_000n) / (1_024n * 1_024n));
  expect(cost("A lake", undefined, ["data:image/png;base64,"])).toBeGreaterThan(usual);
});
