import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The metrics of sign-ons and of the installation, for Prometheus. */
export interface Metrics {
  readonly registry: Registry;
  /** @param outcome `issued` or an error code @param milliseconds since the request arrived */
  signOn(biller: string, outcome: string, milliseconds: number): void;
  /** Counts a warning. @param days the threshold that was reached */
  expiryWarning(days: number): void;
  /** Counts something new about a Service Provider. @param finding its kind */
  providerFinding(finding: string): void;
  readonly certificateDaysLeft: Gauge<'biller' | 'fingerprint' | 'state'>;
  /** @param lost how many lines of the log were lost since the start */
  countLostLines(lost: () => number): void;
}

/** @param version of the program */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'ic_idp_info',
    help: 'Always 1; the label is the version of the program.',
    labelNames: ['version'] as const,
    registers: [registry],
  }).set({ version }, 1);
  const signOns = new Counter({
    name: 'ic_idp_sign_ons_total',
    help: 'Sign-on requests by biller and outcome: issued, or the error code.',
    labelNames: ['biller', 'outcome'] as const,
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'ic_idp_sign_on_duration_seconds',
    help: 'Time from the request to the response, for requests that ended in an assertion or an error.',
    labelNames: ['outcome'] as const,
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  const warnings = new Counter({
    name: 'ic_idp_certificate_warnings_total',
    help: 'Warnings that an active certificate expires soon, by the threshold in days.',
    labelNames: ['days'] as const,
    registers: [registry],
  });
  const providerFindings = new Counter({
    name: 'ic_idp_service_provider_findings_total',
    help: 'New findings about Service Providers, by kind: changed or unreachable metadata, certificates that end.',
    labelNames: ['finding'] as const,
    registers: [registry],
  });
  let lostLines = () => 0;
  new Counter({
    name: 'ic_idp_log_lines_lost_total',
    help: 'Lines of the log that could not be written.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(lostLines());
    },
  });
  return {
    registry,
    countLostLines: (lost) => {
      lostLines = lost;
    },
    signOn(biller, outcome, milliseconds) {
      signOns.inc({ biller, outcome });
      duration.observe({ outcome: outcome === 'issued' ? 'issued' : 'refused' }, milliseconds / 1000);
    },
    providerFinding: (finding) => providerFindings.inc({ finding }),
    expiryWarning: (days) => warnings.inc({ days }),
    certificateDaysLeft: new Gauge({
      name: 'ic_idp_certificate_days_left',
      help: 'Days until a published certificate expires.',
      labelNames: ['biller', 'fingerprint', 'state'] as const,
      registers: [registry],
    }),
  };
}
