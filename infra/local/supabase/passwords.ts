import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { AuthError } from "./auth-error.ts";

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);
const hashBytes = 32;
/** A sixteenth of scrypt's usual cost: these accounts are for trying out on one machine, and a run of all tests makes thousands. */
const cost = 1_024;
/** Of hashes that do not name theirs: they were made before 2026-11-30. */
const formerCost = 16_384;
const minLength = 6;
/** bcrypt's limit, which the real server has. */
const maxLength = 72;

/** Hashes a password with scrypt and a salt of its own: `salt.hash.cost`, the first two in base64. */
export const hashPassword = async (password: string): Promise<string> => {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, hashBytes, { cost });
  return `${salt.toString("base64")}.${hash.toString("base64")}.${cost}`;
};

/** Whether a password is the hashed one. A user without a password has none that fits. */
export const isPassword = async (password: string, stored: string | null): Promise<boolean> => {
  const [salt, hash, itsCost = formerCost] = (stored ?? "").split(".");
  if (salt === undefined || hash === undefined) return false;
  const derived = await derive(password, Buffer.from(salt, "base64"), hashBytes, { cost: Number(itsCost) });
  return timingSafeEqual(derived, Buffer.from(hash, "base64"));
};

/** Throws `weak_password` or `validation_failed` for a password that a user may not choose. */
export const requireStrongPassword = (password: string): void => {
  if (password.length > maxLength) {
    throw new AuthError(400, "validation_failed", `Password cannot be longer than ${maxLength} characters`);
  }
  if (password.length < minLength) {
    throw new AuthError(422, "weak_password", `Password should be at least ${minLength} characters.`, ["length"]);
  }
};
