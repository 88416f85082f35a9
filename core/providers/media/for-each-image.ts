/** What became of a request for several images, each made by a call of its own. */
export interface EachImage<Result> {
  readonly made: readonly Result[];
  /** Why the others were not, in order. */
  readonly failures: readonly unknown[];
}

/**
 * Runs the same work once per requested image, all at once, for providers that make one image per call. Images that succeed are
 * kept when others fail. Nothing is left running.
 */
export const forEachImage = async <Result>(
  n: number,
  make: (index: number) => Promise<Result>,
): Promise<EachImage<Result>> => {
  const settled = await Promise.allSettled(Array.from({ length: n }, (_, index) => make(index)));
  return {
    made: settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])),
    failures: settled.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : [])),
  };
};
