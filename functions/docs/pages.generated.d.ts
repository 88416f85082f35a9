/** Types of `pages.generated.js`, which infra/build-docs writes (it is not in git). */

import type { DashboardAsset } from "../dashboard/assets.generated.js";

/** SHA-256 of the sources that this build was made from, hexadecimal. */
export const sourceHash: string;

/** Address below `docs/`, such as `guide/chat`, to page. */
export const pages: ReadonlyMap<string, { readonly title: string; readonly html: string }>;

/** File name to file. */
export const assets: ReadonlyMap<string, DashboardAsset>;
