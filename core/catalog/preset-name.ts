/** How a request names a preset as its model. */
export const presetPrefix = "@preset/";
