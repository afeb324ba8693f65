import type { Box } from "../lab/box";
import type { Bench } from "./bench-box";
import type { Figures } from "./figures";
import type { Inventory } from "./guest/inventory";
import type { Opened } from "./guest/quiet";
import type { Views } from "./guest/views";
import { runProgram } from "./guest-program";
import { fillWithMany, SERVICES, VERSIONS } from "./many-services";
import { measureMemory } from "./memory";
import { median, quantile, round } from "./statistics";

const COLD_STARTS = 9;
const PORTABLECTL_S = 60;
/** Exit code of timeout(1) when it had to end the program. */
const TIMED_OUT = 124;

/** The dashboard on a host with many services. */
export async function measureList(box: Box, { say }: Bench): Promise<Figures> {
  say(`Putting ${SERVICES} services with ${VERSIONS} images each on the host`);
  await fillWithMany(box);
  await box.mustExec(["systemctl", "restart", "attache-web.service"]);
  say("Waiting until the engine has opened the images that the list offers");
  const opened = await runProgram<Opened>(box, "quiet", [], { say });

  say("Inventories from nothing");
  const inventories: Inventory[] = [];
  for (let n = 0; n < COLD_STARTS; n++)
    inventories.push(await runProgram<Inventory>(box, "inventory", [], { user: "attache" }));
  const first = inventories.find((one) => one.services !== SERVICES || one.versions !== SERVICES * VERSIONS);
  if (first) throw new Error(`an inventory is not whole: ${JSON.stringify(first)}`);

  say("Views of the services page");
  const views = await runProgram<Views>(box, "views", [box.openLink()]);
  if (views.rows !== SERVICES) throw new Error(`the page has ${views.rows} rows`);

  const memory = await measureMemory(box);
  say(`portablectl list, at most ${PORTABLECTL_S} s`);
  return {
    "list.cold_ms": round(median(inventories.map(({ ms }) => ms))),
    "list.cold_max_ms": round(Math.max(...inventories.map(({ ms }) => ms))),
    "list.cold_process_ms": round(median(inventories.map(({ processMs }) => processMs))),
    "list.cold_starts": COLD_STARTS,
    "list.cold_first_picture_ms": round(median(inventories.map(({ firstMs }) => firstMs))),
    "list.page_p75_ms": round(quantile(views.browserMs, 0.75), 1),
    "list.page_median_ms": round(median(views.browserMs), 1),
    "list.page_plain_p75_ms": round(quantile(views.plainMs, 0.75), 1),
    "list.page_html_kb": round(views.htmlBytes / 1000),
    "list.page_buttons": views.buttons,
    "list.page_requests": views.browserMs.length,
    "list.bus_calls_per_view": views.isSeen
      ? round(Math.max(0, views.callsViewing - views.callsIdle) / views.counted, 2)
      : "it lost the bus",
    "list.images_opened": opened.images,
    "list.images_opened_s": round(opened.ms / 1000, 1),
    "list.web_mb": memory["memory.web_mb"] ?? "",
    "list.engine_mb": memory["memory.engine_mb"] ?? "",
    "list.engine_restarts": await restartsOf(box, "attache-engine.service"),
    ...(await portablectl(box)),
  };
}

/** How often PID 1 had to start it again: anything but 0 means that the other figures are of a host in trouble. */
async function restartsOf(box: Box, unit: string): Promise<number> {
  return Number(await box.mustExec(["systemctl", "show", unit, "--property=NRestarts", "--value"]));
}

async function portablectl(box: Box): Promise<Figures> {
  const startedAt = Date.now();
  const { code } = await box.exec(["timeout", String(PORTABLECTL_S), "portablectl", "list", "--no-pager"]);
  const end = code === TIMED_OUT ? `ended after ${PORTABLECTL_S} s` : `exit code ${code}`;
  return { "list.portablectl_ms": Date.now() - startedAt, "list.portablectl_end": end };
}
