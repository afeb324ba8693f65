import { AppError } from "@/lib/errors";
import { readDetails } from "@/lib/services/details";
import type { Service, ServiceDetails } from "@/lib/services/types";
import type { Systemd } from "@/lib/systemd/types";

/** Details of services, read on demand and kept until they are outdated; while they cannot be read again, the old ones stay. */
export function createKeptDetails(systemd: Pick<Systemd, "unitStatus">) {
  const kept = new Map<string, { value: Promise<ServiceDetails>; isOld: boolean }>();

  return {
    async get(service: Service): Promise<ServiceDetails> {
      const old = kept.get(service.name);
      if (old && !old.isOld) return old.value;
      const fresh = { value: readDetails(systemd, service), isOld: false };
      kept.set(service.name, fresh);
      try {
        return await fresh.value;
      } catch (error) {
        if (kept.get(service.name) === fresh) {
          if (old) kept.set(service.name, old);
          else kept.delete(service.name);
        }
        if (old && error instanceof AppError) return old.value;
        throw error;
      }
    },
    outdate(service: string): void {
      const old = kept.get(service);
      if (old) kept.set(service, { ...old, isOld: true });
    },
    outdateAll(): void {
      for (const service of kept.keys()) this.outdate(service);
    },
    forget(service: string): void {
      kept.delete(service);
    },
  };
}
