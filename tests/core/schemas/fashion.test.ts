import { describe, expect, it } from "vitest";
import { type FashionModel, fashionCredits, fashionInputs, mostCredits } from "#core/schemas/fashion.ts";

const models = Object.keys(fashionInputs) as FashionModel[];

describe("the credits that a fashion run reserves", () => {
  it.each(models)("for %s are the usual ones without further wishes", (model) => {
    expect(mostCredits(model, {})).toBe(fashionCredits[model]);
  });

  it.each(["num_samples", "num_images"])("grow with each image of %s", (field) => {
    for (const model of models.filter((name) => field in fashionInputs[name].shape)) {
      expect(mostCredits(model, { [field]: 4 })).toBe(4 * fashionCredits[model]);
    }
  });

  it("are never below what FASHN bills for a video of any resolution and length", () => {
    const billed = { "480p": 1, "720p": 3, "1080p": 6 } as const;
    for (const [resolution, credits] of Object.entries(billed)) {
      for (const duration of [5, 10]) {
        const most = mostCredits("image-to-video", { resolution, duration });
        expect(most).toBeGreaterThanOrEqual(credits * (duration / 5));
      }
    }
  });

  it("know every input that makes a run larger", () => {
    const larger = /^(?:num_|.*(?:samples|images|count|resolution|duration|size|length)$)/;
    const named = models.flatMap((model) =>
      Object.keys(fashionInputs[model].shape).filter((name) => larger.test(name)),
    );
    expect(new Set(named)).toEqual(new Set(["num_samples", "num_images", "resolution", "duration"]));
  });
});
