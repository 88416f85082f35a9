import { describe, expect, it } from "vitest";
import { falImages } from "#core/providers/media/fal/image.ts";

describe("the cost of an image on fal", () => {
  it("by the megapixel is that of the largest for an edit whose size is not known", () => {
    const request = { prompt: "Red", n: 1 };
    const images = ["https://images.example.com/a.png"];
    const cost = (size: object) =>
      falImages.costOfOne({ model: "qwen-image-edit", request: { ...request, ...size }, images, mask: undefined });
    expect(cost({})).toBe(cost({ width: 3_072, height: 3_072 }));
    expect(cost({ width: 1_024, height: 2_048 })).toBe(60_000_000_000n);
  });
});
