/** What tags may be, of requests and of API keys, and how those of a key join a request's. */

export const maxTags = 16;
export const maxTagBytes = 1_024;
const maxNameLength = 64;
const maxValueLength = 512;

export type Tags = Readonly<Record<string, string>>;

const hasControls = (text: string): boolean => {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) < 32) return true;
  return false;
};

/** Why a name cannot be a tag's; undefined where it can. */
export const tagNameFault = (name: string): string | undefined =>
  // As a property, `__proto__` would not name a value.
  name === "" || name.length > maxNameLength || hasControls(name) || name === "__proto__"
    ? `a name has 1 to ${maxNameLength} characters and no control characters, and is not __proto__`
    : undefined;

/** Why a text cannot be a tag's value; undefined where it can. */
export const tagValueFault = (value: string): string | undefined =>
  value.length > maxValueLength || hasControls(value)
    ? `a value has up to ${maxValueLength} characters and no control characters`
    : undefined;

/** What all names and values together come to. */
export const tagBytes = (tags: Iterable<readonly [string, string]>): number => {
  let bytes = 0;
  for (const [name, value] of tags) bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  return bytes;
};

/** In the order of their names: DynamoDB keeps no order. */
export const inOrder = (tags: Tags): Tags =>
  Object.fromEntries(Object.entries(tags).sort(([one], [other]) => (one < other ? -1 : 1)));

/** A request's tags with those of its key that it does not set itself and that still fit, in the order of their names. */
export const withKeyTags = (keyTags: Tags, own: Tags = {}): Tags => {
  const all = new Map(Object.entries(own));
  let bytes = tagBytes(all);
  for (const tag of Object.entries(inOrder(keyTags))) {
    const more = tagBytes([tag]);
    if (all.has(tag[0]) || all.size >= maxTags || bytes + more > maxTagBytes) continue;
    all.set(...tag);
    bytes += more;
  }
  return Object.fromEntries(all);
};
