import { DependencyError } from "#core/errors.ts";

/** DynamoDB was out of reach or overloaded through all tries. */
export class TableUnavailable extends DependencyError {
  override readonly name = "TableUnavailable";
  readonly transient = true;

  constructor(reason: string) {
    super(`DynamoDB failed with ${reason}`);
  }
}
