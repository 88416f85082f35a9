/** What functions run on: `nodejs24.x` on AWS. */
const neededMajor = 24;

/** Why functions must not run on a Node.js, in one sentence, or undefined. `sst dev` and `npm start` run them on this machine. */
export const nodeVersionFault = (version: string): string | undefined =>
  Number(version.split(".")[0]) === neededMajor
    ? undefined
    : `Functions need Node.js ${neededMajor} and this is ${version}: use npm scripts, or put node_modules/.bin first on PATH.`;
