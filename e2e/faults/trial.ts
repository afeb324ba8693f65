import { pause } from "../lab/processes";
import { type Answer, ask, isAtRest, type Request } from "./ask";
import { type Before, type Expectation, problemsOf, type Version } from "./checker";
import type { Plan } from "./plan";
import type { World } from "./world";

/** How a case went. Nothing speaks against it = it has converged. */
export interface Verdict {
  readonly problems: readonly string[];
  /** From the strike until the host was right, ms. */
  readonly tookMs: number;
  /** How the engine says it ended: an outcome, a refusal, or nothing. For people; nothing is judged by it. */
  readonly said: string;
}

/** One request, what is done to it, and where the service may be afterwards. */
export interface Trial {
  readonly request: Request;
  readonly allowed: readonly (Version | null)[];
  readonly known: readonly Version[];
  /** Where the engine is to be struck; left out: the strike comes right with the request. */
  readonly plan?: Plan;
  readonly strike?: (world: World, asked: Promise<Answer | null>) => Promise<Struck>;
  /** Other requests at the same moment, judged alike. */
  readonly beside?: readonly Omit<Trial, "plan" | "strike">[];
  readonly withinMs?: number;
}

/** What the strike did to the host. */
export interface Struck {
  readonly rebooted?: boolean;
  /** Nobody may be asked: the engine is not there any more. */
  readonly withoutEngine?: boolean;
  /** What the host looked like before, where the strike itself changed it. */
  readonly before?: Before;
}

const WITHIN_MS = 15_000;
const STRUCK_MS = 20_000;
const HOLD_MS = 2000;
const LOOK_EVERY_MS = 150;

/** Asks, strikes, and waits for the host to be right and to stay so. */
export async function runTrial(world: World, trial: Trial): Promise<Verdict> {
  const before = await world.look();
  if (trial.plan) world.place.arm(trial.plan);
  const asked = ask(world.box, trial.request);
  const beside = (trial.beside ?? []).map(({ request }) => ask(world.box, request));
  if (trial.plan) await untilStruck(world, asked);
  else if (!trial.strike) await Promise.all([asked, ...beside]); // the engine is at rest before it has heard of it, too
  const struck = (await strike(world, trial, asked)) ?? {};
  const verdict = await converge(world, trial, struck.before ?? before, struck);
  const [answer] = await Promise.all([asked, ...beside]);
  return { ...verdict, said: saidInTheEnd(world, answer) };
}

/** Where it could not be struck, what was answered tells why. */
async function strike(
  world: World,
  trial: Trial,
  asked: Promise<Answer | null>,
): Promise<Struck | undefined> {
  try {
    return await trial.strike?.(world, asked);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const heard = `the answer was ${JSON.stringify(await asked)}, ${said(world).join(" ")}`;
    throw new Error(`${why}; ${heard}`, { cause: error });
  }
}

function saidInTheEnd(world: World, answer: Answer | null): string {
  const outcomes = world.place.events().flatMap((event) => (event.kind === "outcome" ? event.outcome : []));
  return outcomes.at(-1) ?? (answer?.ok === false ? answer.error.code : "");
}

async function untilStruck(world: World, asked: Promise<Answer | null>): Promise<void> {
  const end = Date.now() + STRUCK_MS;
  const heard = { refusal: "" };
  void asked.then((answer) => {
    if (answer?.ok === false) heard.refusal = JSON.stringify(answer.error);
  });
  for (;;) {
    const events = world.place.events();
    if (events.some(({ kind }) => kind === "struck")) return;
    const isOver = events.some(({ kind }) => kind === "outcome") || heard.refusal !== "";
    if (isOver || Date.now() > end)
      throw new Error(`the point was never reached: ${heard.refusal || last(events)}`);
    await pause(5);
  }
}

async function converge(
  world: World,
  trial: Trial,
  before: Before,
  struck: Struck,
): Promise<Omit<Verdict, "said">> {
  const began = Date.now();
  const end = began + (trial.withinMs ?? WITHIN_MS);
  const expectations = expectationsOf(trial, before, struck);
  const problemsNow = async () => {
    const found = await Promise.all(expectations.map((one) => problemsOf(world.box, one)));
    return found.flat();
  };
  let rightSince: number | null = null;
  for (;;) {
    // Asked again and again, as by pages that are open: a host that was booted has an engine only when it is asked for.
    const isRest = struck.withoutEngine || rightSince !== null || (await isAtRest(world.box));
    const problems = [...(await problemsNow()), ...(isRest ? [] : ["the engine is not at rest"])];
    if (problems.length > 0) rightSince = null;
    else rightSince ??= Date.now();
    const asked = needsPerson(world);
    if ((rightSince === null && Date.now() > end) || asked.length > 0)
      return { problems: [...asked, ...problems, ...said(world)], tookMs: Date.now() - began };
    if (rightSince !== null && Date.now() >= rightSince + HOLD_MS)
      return { problems: [], tookMs: rightSince - began };
    await pause(rightSince === null ? LOOK_EVERY_MS : HOLD_MS / 4);
  }
}

function expectationsOf(trial: Trial, before: Before, { rebooted = false }: Struck): Expectation[] {
  const all = [trial, ...(trial.beside ?? [])];
  const unitsOf = ({ known }: { known: readonly Version[] }) =>
    known.flatMap(({ units }) => Object.keys(units));
  return all.map((one) => ({
    allowed: one.allowed,
    known: one.known,
    before,
    rebooted,
    meanwhile: all.filter((other) => other !== one).flatMap(unitsOf),
  }));
}

/** A deployment that ends with a question to a person has not converged, whatever the host looks like. */
function needsPerson(world: World): string[] {
  return world.place
    .events()
    .flatMap((event) =>
      event.kind === "outcome" && event.outcome === "needs-person" ? [`a person is asked: ${event.why}`] : [],
    );
}

/** What the engine said last, for whoever reads the failure. */
function said(world: World): string[] {
  const events = world.place.events();
  return [`the engine's last words: ${last(events)}`];
}

function last(events: readonly unknown[]): string {
  return events
    .slice(-4)
    .map((event) => JSON.stringify(event))
    .join(" ");
}
