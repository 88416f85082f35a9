/** Axis ends and marks for whole charts, without a library. */

/** The next of 1, 2, 2.5, 5 and 10 times a power of ten. */
const roundUp = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(value));
  const lead = value / power;
  return ([1, 2, 2.5, 5].find((step) => lead <= step) ?? 10) * power;
};

/** From zero to the end of the axis in equal steps. Counts are not split below one. */
export const ticks = (max: number, whole: boolean): readonly number[] => {
  if (max <= 0) return [0, 1];
  const step = roundUp(max / 4);
  const used = whole ? Math.max(1, Math.ceil(step)) : step;
  return Array.from({ length: Math.ceil(max / used - 1e-9) + 1 }, (_, index) => index * used);
};

/** Up to `count` indices spread over a list, its first and last among them. */
export const spread = (length: number, count: number): readonly number[] => {
  if (length <= count) return Array.from({ length }, (_, index) => index);
  return Array.from({ length: count }, (_, index) => Math.round((index * (length - 1)) / (count - 1)));
};
