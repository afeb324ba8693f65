import { pause } from "./clock";
import { openEngine } from "./engine";
import { type Holdings, readHoldings } from "./holdings";

/** One service switched back and forth for long. */
export interface Soak {
  /** After so many switches each. */
  readonly samples: readonly (Holdings & { readonly switches: number })[];
}

const EVERY = 10;
/** What stops or is let go a moment later is no leak. */
const QUIET_MS = 1000;

const [count = "1000", service = "", ...versions] = process.argv.slice(2);
const door = await openEngine();
const samples: (Holdings & { switches: number })[] = [];
for (let n = 0; n < Number(count); n++) {
  await door.deploy(service, versions[n % 2] ?? "", versions[(n + 1) % 2] ?? "");
  if ((n + 1) % EVERY !== 0) continue;
  await pause(QUIET_MS);
  samples.push({ switches: n + 1, ...readHoldings(service) });
  if ((n + 1) % 100 === 0) console.error(`${n + 1} switches: ${JSON.stringify(samples.at(-1))}`);
}
console.log(JSON.stringify({ samples } satisfies Soak));
door.close();
