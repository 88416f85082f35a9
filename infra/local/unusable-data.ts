/** A data folder that this version cannot use. The message is one sentence that says what to do. */
export class UnusableData extends Error {
  override readonly name = "UnusableData";

  /** @param reason a clause about the folder's content, without secrets. */
  constructor(folder: string, reason: string, options?: ErrorOptions) {
    super(
      `This version cannot use the data in ${folder} (${reason}): move that folder away, or run npm start -- --ephemeral.`,
      options,
    );
  }
}
