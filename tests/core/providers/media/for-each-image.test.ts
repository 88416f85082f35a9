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
  it("keeps the images that were made when others fail, and says why those did", async () => {
    const { made, failures } = await forEachImage(3, scripted([1]).make);
    expect(made).toEqual([0, 2]);
    expect(failures).toEqual([new Error("image 1")]);
  });

  it("has all failures in order when none is made, once none is left running", async () => {
    const { ended, make } = scripted([0, 1, 2]);
    const { made, failures } = await forEachImage(3, make);
    expect(made).toEqual([]);
    expect(failures).toEqual([new Error("image 0"), new Error("image 1"), new Error("image 2")]);
    expect(ended).toEqual([0, 1, 2]);
  });
});
