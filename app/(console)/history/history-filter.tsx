import { cleanText } from "@/components/clean-text";
import { KIND_WORDS, OUTCOME_WORDS } from "@/components/words";
import { KINDS, type Kind, OUTCOMES, type Outcome } from "@/lib/deploy/types";

export interface HistoryQuery {
  readonly service?: string;
  readonly kind?: Kind;
  readonly outcome?: Outcome;
  readonly by?: string;
  readonly batch?: string;
  readonly text?: string;
  readonly before?: string;
}

type SearchParams = Readonly<Record<string, string | string[] | undefined>>;

/** Takes from the address what can be a filter; anything else is as good as not there. */
export function readHistoryFilter(params: SearchParams): HistoryQuery {
  const text = (name: string) => {
    const value = params[name];
    return typeof value === "string" && value.trim() !== "" ? value.trim().slice(0, 200) : undefined;
  };
  const kind = KINDS.find((one) => one === params.kind);
  const outcome = OUTCOMES.find((one) => one === params.outcome);
  const [service, by, search, before] = [text("service"), text("by"), text("text"), text("before")];
  const batch = text("batch");
  return {
    ...(service === undefined ? {} : { service }),
    ...(kind === undefined ? {} : { kind }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(by === undefined ? {} : { by }),
    ...(batch === undefined ? {} : { batch }),
    ...(search === undefined ? {} : { text: search }),
    ...(before === undefined ? {} : { before }),
  };
}

/** The address of a filter. */
export function writeHistoryFilter(
  query: { readonly [K in keyof HistoryQuery]?: HistoryQuery[K] | undefined },
): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, value);
  const text = params.toString();
  return text === "" ? "/history" : `/history?${text}`;
}

/** A form that works without any script: its fields are the address. */
export function HistoryFilter({ filter, services }: { filter: HistoryQuery; services: readonly string[] }) {
  const { kind, outcome, service, by, batch, text } = filter;
  return (
    // A new key for a new address: the fields then show what the address says.
    <form className="filters" method="get" action="/history" key={writeHistoryFilter(filter)}>
      {batch !== undefined && <input type="hidden" name="batch" value={batch} />}
      <label>
        Service
        <input name="service" defaultValue={service} list="history-services" autoComplete="off" />
      </label>
      <datalist id="history-services">
        {services.map((name) => (
          <option key={name} value={name}>
            {cleanText(name)}
          </option>
        ))}
      </datalist>
      <label>
        Person
        <input name="by" defaultValue={by} autoComplete="off" />
      </label>
      <label>
        Kind
        <select name="kind" defaultValue={kind ?? ""}>
          <option value="">Any</option>
          {KINDS.map((one) => (
            <option key={one} value={one}>
              {KIND_WORDS[one].noun}
            </option>
          ))}
        </select>
      </label>
      <label>
        Outcome
        <select name="outcome" defaultValue={outcome ?? ""}>
          <option value="">Any</option>
          {OUTCOMES.map((one) => (
            <option key={one} value={one}>
              {OUTCOME_WORDS[one]}
            </option>
          ))}
        </select>
      </label>
      <label>
        Text
        <input name="text" type="search" defaultValue={text} data-search placeholder="Reason, version" />
      </label>
      <div className="filters-end">
        <button type="submit" className="btn">
          Show
        </button>
        {writeHistoryFilter({ ...filter, before: undefined }) !== "/history" && <a href="/history">Clear</a>}
      </div>
    </form>
  );
}
