import { describe, expect, it } from "vitest";
import { falImages } from "#core/providers/media/fal/image.ts";

describe("the cost of an image on fal", () => {
  it("by the megapixel is known for an edit only with its size", () => {
    const request = { prompt: "Red", n: 1 };
    const images = ["https://images.example.com/a.png"];
    const cost = (size: object) =>
      falImages.costOfOne({ model: "qwen-image-edit", request: { ...request, ...size }, images, mask: undefined });
    expect(cost({})).toBeUndefined();
    expect(cost({ width: 1_024, height: 2_048 })).toBe(60_000_000_000n);
  });
});
