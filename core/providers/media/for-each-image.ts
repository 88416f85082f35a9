/**
 * Runs the same work once per requested image, all at once, for providers that make one image per call. Images that succeed are
 * kept when others fail; if all fail, the first failure is thrown. Nothing is left running.
 */
export const forEachImage = async <Result>(n: number, make: (index: number) => Promise<Result>): Promise<Result[]> => {
  const settled = await Promise.allSettled(Array.from({ length: n }, (_, index) => make(index)));
  const made = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = settled.find((one) => one.status === "rejected");
  if (made.length === 0 && failed !== undefined) throw failed.reason;
  return made;
};
