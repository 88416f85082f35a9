/**
 * Types of `assets.generated.js`, which infra/build-dashboard.ts writes (it is not in git): the built page as text, so
 * that it is a part of its function's own bundle.
 */

export interface DashboardAsset {
  readonly contentType: string;
  readonly text: string;
  /** Strong, with its quotes. */
  readonly etag: string;
}

/** SHA-256 of the sources that this build was made from, hexadecimal. */
export const sourceHash: string;

/** The page. `assetsPlaceholder` stands before each asset's name: where they are depends on the page's own address. */
export const pageHtml: string;

export const assetsPlaceholder: string;

/** File name, such as `index-C0ffee12.js`, to file. */
export const assets: ReadonlyMap<string, DashboardAsset>;
