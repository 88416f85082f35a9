/** Types of `layout.generated.js`, which infra/build-docs writes (it is not in git). */

/** A page without its title and its text. `%DOCS%` stands where links to other pages begin. */
export const layout: string;

/** The first page. */
export const index: { readonly title: string; readonly html: string };
