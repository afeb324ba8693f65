import { spawn } from "node:child_process";
import { bootBox, downBox, findBox, listBoxes } from "./box";
import { bootHost } from "./host";
import { parseOptions } from "./options";
import { readState } from "./state";

const USAGE = `npm run lab -- up NAME [--suite bookworm|trixie|forky] [--port N] [--empty] [--bare] [--keep]
npm run lab -- down NAME | --all
npm run lab -- status
npm run lab -- shell NAME
npm run lab -- exec NAME -- COMMAND…

--empty: no portable service; --bare: not even Attaché; --keep: what happens on it is there next time`;

/** `npm run lab`: boxes by name, several at once. Answers the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [verb, ...rest] = args;
  const name = rest[0] ?? "";
  switch (verb) {
    case "up":
      return up(rest);
    case "down":
      return down(name);
    case "status":
      for (const box of listBoxes()) console.log(rowOf(box));
      return 0;
    case "shell":
      return inside(name, ["bash", "-l"]);
    case "exec":
      return inside(name, rest[1] === "--" ? rest.slice(2) : rest.slice(1));
    default:
      console.error(USAGE);
      return 2;
  }
}

async function down(name: string): Promise<number> {
  const boxes = listBoxes();
  if (name !== "--all" && !boxes.includes(name)) {
    console.error(`There is no box named "${name}"${boxes.length > 0 ? `, but ${boxes.join(", ")}` : ""}.`);
    return 1;
  }
  for (const box of name === "--all" ? boxes : [name]) await downBox(box);
  return 0;
}

async function up(args: readonly string[]): Promise<number> {
  const { words, bare, ...options } = parseOptions(args);
  const { port, ...rest } = options;
  const settings = {
    name: words[0] ?? "",
    owned: false,
    say: (line: string) => console.log(`» ${line}`),
    ...rest,
    ...(port === undefined ? {} : { port }),
  };
  const box = bare ? await bootBox(settings) : await bootHost(settings);
  if (bare) box.markKept();
  console.log(rowOf(box.name));
  if (!bare) console.log(`Attaché is ready: ${box.openLink()}`);
  return 0;
}

function rowOf(name: string): string {
  const state = readState(name);
  const box = findBox(name);
  if (!state || !box) return `${name}: dead; "npm run lab -- down ${name}" clears what is left`;
  const ports = state.forwards
    .map(({ host, guest }) => (host === guest ? `${host}` : `${host}→${guest}`))
    .join(" ");
  return `${name}: ${box.suite}, pid ${box.pid}, ports ${ports}, bus ${box.busAddress}`;
}

function inside(name: string, command: readonly string[]): Promise<number> {
  const box = findBox(name);
  if (!box) throw new Error(`no box named "${name}" is up`);
  const [program = "", ...args] = [...box.enter(), ...command];
  const child = spawn(program, args, { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}
