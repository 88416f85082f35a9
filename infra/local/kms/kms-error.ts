/** Errors of the service's own model. */
export const modelErrorTypes = [
  "AlreadyExistsException",
  "DisabledException",
  "DryRunOperationException",
  "IncorrectKeyException",
  "InvalidAliasNameException",
  "InvalidArnException",
  "InvalidCiphertextException",
  "InvalidKeyUsageException",
  "InvalidMarkerException",
  "KMSInternalException",
  "KMSInvalidStateException",
  "LimitExceededException",
  "NotFoundException",
  "UnsupportedOperationException",
] as const;

/** Errors of every AWS service, which a service's model does not list. */
export const commonErrorTypes = [
  "MissingAuthenticationTokenException",
  "SerializationException",
  "UnknownOperationException",
  "ValidationException",
] as const;

/** The error types that this stand-in answers with. */
export type KmsErrorType = (typeof modelErrorTypes)[number] | (typeof commonErrorTypes)[number];

/**
 * An error as KMS answers it. Over the JSON protocol every caller's error is HTTP 400 (API reference, "Errors" of each
 * operation); the other codes in the model belong to the query protocol.
 */
export class KmsError extends Error {
  override readonly name = "KmsError";
  readonly type: KmsErrorType;
  readonly status: number;

  constructor(type: KmsErrorType, message = "") {
    super(message);
    this.type = type;
    this.status = type === "KMSInternalException" ? 500 : 400;
  }
}
