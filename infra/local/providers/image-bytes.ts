const signatures: readonly (readonly [hex: string, type: string])[] = [
  ["ffd8ff", "image/jpeg"],
  ["89504e47", "image/png"],
  ["47494638", "image/gif"],
  ["52494646", "image/webp"],
];

/** The type that an image's bytes show, or undefined. */
export const imageTypeOfBytes = (base64: string): string | undefined => {
  const hex = Buffer.from(base64.slice(0, 16), "base64").toString("hex");
  return signatures.find(([start]) => hex.startsWith(start))?.[1];
};
