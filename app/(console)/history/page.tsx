import type { Metadata } from "next";
import { connection } from "next/server";
import { attempt } from "@/app/(console)/attempt";
import { HistoryFilter, readHistoryFilter, writeHistoryFilter } from "@/app/(console)/history/history-filter";
import { LiveRefresh } from "@/components/live-refresh";
import { MissingPanel } from "@/components/missing-panel";
import { pageTitle } from "@/components/page-title";
import { countFailed } from "@/components/service-row";
import { Timeline } from "@/components/timeline";
import { say } from "@/components/words";
import { requireSession } from "@/lib/auth/session";
import { live } from "@/lib/live";

const PAGE_ROWS = 50;

export async function generateMetadata(): Promise<Metadata> {
  await connection();
  await requireSession();
  const { host, services } = live().snapshot();
  return { title: pageTitle("History", host.name, countFailed(services)) };
}

/** Every deployment on record, newest first; filters and page are in the address. */
export default async function HistoryPage({ searchParams }: PageProps<"/history">) {
  await connection();
  await requireSession();
  const filter = readHistoryFilter(await searchParams);
  const isFiltered = Object.keys(filter).some((key) => key !== "before");
  const past = await attempt(live().history({ ...filter, limit: PAGE_ROWS }));
  const { missing, services } = live().snapshot();
  return (
    <>
      <LiveRefresh history host="facts" />
      <h1>History</h1>
      <MissingPanel missing={missing} />
      <HistoryFilter filter={filter} services={services.map(({ name }) => name)} />
      {filter.batch !== undefined && <p className="quiet">Only what was begun together, by one click.</p>}
      {!past.ok ? (
        <p className="nothing">{say(past.problem)}</p>
      ) : past.value.rows.length === 0 ? (
        <p className="nothing">
          {isFiltered
            ? "No deployment on record matches this filter."
            : "Nothing was deployed from here yet."}
        </p>
      ) : (
        <Timeline deployments={past.value.rows} now={Date.now()} />
      )}
      <p className="pager">
        {filter.before !== undefined && (
          <a href={writeHistoryFilter({ ...filter, before: undefined })}>Newest</a>
        )}
        {past.ok && past.value.next !== null && (
          <a href={writeHistoryFilter({ ...filter, before: past.value.next })} rel="next">
            Older
          </a>
        )}
      </p>
    </>
  );
}
