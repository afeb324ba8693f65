import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** What PID 1 says of a unit. */
export interface UnitFacts {
  readonly load: string;
  readonly active: string;
  readonly image: string;
  /** Where its text lies. */
  readonly file: string;
  /** When its process was started, ms of the monotonic clock. */
  readonly startedAt: number;
}

const PROPERTIES = {
  load: "LoadState",
  active: "ActiveState",
  image: "RootImage",
  file: "FragmentPath",
  startedAt: "ExecMainStartTimestampMonotonic",
} as const;

/** Asks PID 1 for several units at once; the answers are in their order. */
export async function unitFacts(units: readonly string[]): Promise<UnitFacts[]> {
  const { stdout } = await execute("systemctl", [
    "show",
    `--property=${Object.values(PROPERTIES)}`,
    ...units,
  ]);
  return stdout
    .trim()
    .split("\n\n")
    .map((text) => {
      const facts = new Map(
        text.split("\n").map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]),
      );
      const of = (name: keyof typeof PROPERTIES) => facts.get(PROPERTIES[name]) ?? "";
      return {
        load: of("load"),
        active: of("active"),
        image: of("image"),
        file: of("file"),
        startedAt: Number(of("startedAt")) / 1000,
      };
    });
}
