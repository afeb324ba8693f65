// Progress in the terminal. Plain JavaScript, as all that runs before the npm packages are there.
import { spawn } from "node:child_process";

export const say = (text) => console.log(`» ${text}`);

/** What is missing and how to get it, then the end. */
export function giveUp(reasons) {
  console.error("This cannot run here yet:");
  for (const reason of reasons) console.error(`  - ${reason}`);
  process.exit(1);
}

/**
 * Runs a long step with its output kept back, a line that says how long it takes, and the whole output if it fails.
 * @param {string} title
 * @param {readonly string[]} argv
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string }} [options]
 */
export async function step(title, argv, options = {}) {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  say(`${title}: ${argv.join(" ")}`);
  const ticker = setInterval(
    () => {
      if (process.stdout.isTTY) process.stdout.write(`\r  … ${seconds()} `);
      else console.log(`  … ${seconds()}`);
    },
    process.stdout.isTTY ? 1000 : 15_000,
  );
  const { code, output } = await new Promise((resolve, reject) => {
    const [program, ...args] = argv;
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      ...options,
      env: { ...process.env, ...options.env },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  }).finally(() => clearInterval(ticker));
  if (process.stdout.isTTY) process.stdout.write("\r\x1b[K");
  if (code !== 0) {
    console.error(output);
    giveUp([`"${argv.join(" ")}" ended with exit code ${code}; its output is above`]);
  }
  console.log(`  done in ${seconds()}`);
}
