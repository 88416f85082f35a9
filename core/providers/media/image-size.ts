/** Size of about a megapixel for a ratio such as `16:9`, with sides that are multiples of `step`. */
export const sizeOfRatio = (ratio: string, step: number, maxSide: number): { width: number; height: number } => {
  const [across = 1, down = 1] = ratio.split(":").map(Number);
  const scale = Math.min(Math.sqrt(1_048_576 / (across * down)), maxSide / Math.max(across, down));
  const side = (part: number): number => Math.max(step, Math.floor((part * scale) / step) * step);
  return { width: side(across), height: side(down) };
};

/** Megapixels of a size, or of the one megapixel that providers make by default. */
export const megapixelsOf = (width: number | undefined, height: number | undefined): number =>
  width === undefined || height === undefined ? 1 : (width * height) / 1_048_576;
