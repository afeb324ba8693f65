import { existsSync } from "node:fs";
import { AppError } from "@/lib/errors";

const PROBLEMS: readonly (readonly [RegExp, string])[] = [
  [/^(SQLITE_CORRUPT|SQLITE_NOTADB)/, "corrupt"],
  [/^SQLITE_BUSY/, "busy"],
  [/^(SQLITE_FULL|ENOSPC|EDQUOT)/, "full"],
  [/^(ENOENT|ENOTDIR)/, "missing"],
  [/^(EACCES|EPERM|EROFS|SQLITE_READONLY|SQLITE_PERM|SQLITE_CANTOPEN)/, "unreadable"],
];

/** Any failure of SQLite or of its file as `AppError("database", { problem, file })`; anything else as it came. */
export function databaseError(error: unknown, file: string): unknown {
  if (error instanceof AppError) return error.code === "database" ? withFile(error, file) : error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!/^(SQLITE_|E[A-Z]+$)/.test(code) && !isMissingDirectory(error)) return error;
  const known = PROBLEMS.find(([pattern]) => pattern.test(code))?.[1];
  const problem = existsSync(file) || known === "unreadable" ? (known ?? "failed") : "missing";
  return new AppError("database", { problem, file, reason: code }, { cause: error });
}

function withFile(error: AppError, file: string): AppError {
  return new AppError("database", { file, ...error.params }, { cause: error.cause });
}

/** better-sqlite3 says so in a plain TypeError. */
function isMissingDirectory(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes("directory does not exist");
}
