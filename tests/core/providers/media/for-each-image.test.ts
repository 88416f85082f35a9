import { describe, expect, it } from "vitest";
import { forEachImage } from "#core/providers/media/for-each-image.ts";

/** Work that fails for some indexes, and is counted when it ends. */
const scripted = (failing: readonly number[]) => {
  const ended: number[] = [];
  const make = async (index: number): Promise<number> => {
    for (let turn = 0; turn < index; turn++) await Promise.resolve();
    ended.push(index);
    if (failing.includes(index)) throw new Error(`image ${index}`);
    return index;
  };
  return { ended, make };
};

describe("forEachImage", () => {
  it("keeps the images that were made when others fail", async () => {
    expect(await forEachImage(3, scripted([1]).make)).toEqual([0, 2]);
  });

  it("throws the first failure when all fail, once none is left running", async () => {
    const { ended, make } = scripted([0, 1, 2]);
    await expect(forEachImage(3, make)).rejects.toThrow("image 0");
    expect(ended).toEqual([0, 1, 2]);
  });
});
