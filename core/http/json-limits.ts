/**
 * Limits of a JSON text, checked before it is parsed: what a small text unfolds into costs memory and time in everything that
 * reads the value. One pass over the text, which skips strings by searching for their ends.
 */

/** Deeper than any real request, and shallow enough for code that walks or writes the value later. */
const maxDepth = 1_000;
/** Objects and arrays. The longest conversations and the largest sets of tools have some ten thousand. */
const maxContainers = 50_000;
/** Members of objects, and entries of arrays but for those of numbers. */
const maxValues = 100_000;
/** Entries of arrays that hold no string and no container: tokens to embed, of which one request takes 300,000. */
const maxNumbers = 500_000;

const quote = 34;
const comma = 44;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

/** The end of a string that begins at `start`, or the end of the text. */
const endOfString = (text: string, start: number): number => {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text.charCodeAt(first - 1) === backslash) first -= 1;
    if ((end - first) % 2 === 0) return end;
  }
  return text.length;
};

/** What makes a text too large to be parsed, or undefined. Of a text that is no JSON it may be either. */
export const jsonExcess = (text: string): "depth" | "size" | undefined => {
  let depth = 0;
  let containers = 0;
  let values = 0;
  let numbers = 0;
  let inNumbers = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === quote) {
      index = endOfString(text, index);
      inNumbers = false;
    } else if (code === comma) {
      if (inNumbers) numbers += 1;
      else values += 1;
    } else if (code === openBracket || code === openBrace) {
      depth += 1;
      containers += 1;
      inNumbers = code === openBracket;
      if (depth > maxDepth) return "depth";
    } else if (code === closeBracket || code === closeBrace) {
      depth -= 1;
      inNumbers = false;
    }
    if (containers > maxContainers || values > maxValues || numbers > maxNumbers) return "size";
  }
  return undefined;
};
