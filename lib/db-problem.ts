import { statSync } from "node:fs";
import { AppError } from "@/lib/errors";

const PROBLEMS: readonly (readonly [RegExp, string])[] = [
  [/^(SQLITE_CORRUPT|SQLITE_NOTADB)/, "corrupt"],
  [/^SQLITE_BUSY/, "busy"],
  [/^(SQLITE_FULL|ENOSPC|EDQUOT)/, "full"],
  [/^(EACCES|EPERM|EROFS|SQLITE_READONLY|SQLITE_PERM|SQLITE_CANTOPEN)/, "unreadable"],
];

/** Any failure of SQLite or of its file as `AppError("database", { problem, file })`; anything else as it came. */
export function databaseError(error: unknown, file: string): unknown {
  if (error instanceof AppError)
    return error.code === "database"
      ? new AppError("database", { file, ...error.params }, { cause: error.cause })
      : error;
  const code = codeOf(error);
  if (!/^(SQLITE_|E[A-Z]+$)/.test(code) && !saysNoDirectory(error)) return error;
  const problem = isMissing(file)
    ? "missing"
    : (PROBLEMS.find(([pattern]) => pattern.test(code))?.[1] ?? "failed");
  return new AppError("database", { problem, file, reason: code }, { cause: error });
}

/** A file below a directory that may not be entered is not known to be missing. */
function isMissing(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** better-sqlite3 looks for the directory itself and throws a plain TypeError. */
function saysNoDirectory(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes("directory does not exist");
}
