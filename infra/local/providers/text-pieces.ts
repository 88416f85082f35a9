const usualPieceLength = 12;

/** Cuts a text into exactly `count` pieces (fewer only if it has fewer characters), or into pieces of about 12. Never inside a character. */
export const piecesOf = (text: string, count?: number): readonly string[] => {
  const characters = [...text];
  if (characters.length === 0) return [];
  const pieceCount = Math.min(characters.length, count ?? Math.ceil(characters.length / usualPieceLength));
  return Array.from({ length: pieceCount }, (_, index) =>
    characters
      .slice(
        Math.floor((index * characters.length) / pieceCount),
        Math.floor(((index + 1) * characters.length) / pieceCount),
      )
      .join(""),
  );
};

/** A text of exactly `length` UTF-16 units, for answers of a scripted size. */
export const textOfLength = (length: number): string => {
  const phrase = "This simulated text goes on and on. ";
  return phrase.repeat(Math.ceil(length / phrase.length)).slice(0, length);
};

const charactersPerToken = 4;

/** What a tokenizer would about say: 4 characters a token, at least 1. */
export const tokensOf = (characters: number): number => Math.max(1, Math.ceil(characters / charactersPerToken));

/** The start of a text, with an ellipsis where it was longer. */
export const shortened = (text: string, length: number): string =>
  text.length <= length ? text : `${[...text].slice(0, length).join("")}…`;
