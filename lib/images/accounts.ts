import { readFile } from "node:fs/promises";

/** Names of users and groups by number, for showing who owns a file. */
export interface Accounts {
  readonly users: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<number, string>;
}

/** Reads passwd(5) and group(5); a file that cannot be read leaves its numbers nameless. Accounts of other sources (NSS) have none. */
export async function readAccounts(etc = "/etc"): Promise<Accounts> {
  const [users, groups] = await Promise.all([readNames(`${etc}/passwd`), readNames(`${etc}/group`)]);
  return { users, groups };
}

async function readNames(file: string): Promise<ReadonlyMap<number, string>> {
  const names = new Map<number, string>();
  const text = await readFile(file, "utf8").catch(() => "");
  for (const line of text.split("\n")) {
    const [name, , id] = line.split(":");
    // The first entry of a number is the one that getpwuid(3) answers with.
    if (name && id && /^[0-9]+$/.test(id) && !names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}
