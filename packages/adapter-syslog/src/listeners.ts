import { lookup } from 'node:dns/promises';
import type { Intake } from './intake.js';
import { TcpListener } from './tcp.js';
import { UdpListener } from './udp.js';

const ATTEMPTS = 20;

/** Where and how to listen. */
export interface ListenOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly udp: boolean;
  readonly tcp: boolean;
  readonly maxConnections: number;
  readonly udpBufferBytes: number;
}

/** The open listeners of a receiver. */
export interface Listeners {
  readonly tcp: TcpListener | undefined;
  readonly udp: UdpListener | undefined;
}

/**
 * Opens what is asked for, both on the same port, and logs where. Rejects with an Error that says what to do; then nothing
 * is left open.
 */
export async function openListeners(options: ListenOptions, intake: Intake): Promise<Listeners> {
  const { address, family } = await lookup(options.host).catch((cause: Error) => {
    throw new Error(`"${options.host}" has no address. Configure another "host" (${cause.message})`, { cause });
  });
  for (let attempt = 1; ; attempt++) {
    const tcp = options.tcp ? new TcpListener(intake, options.maxConnections) : undefined;
    const udp = options.udp ? new UdpListener(intake, options.udpBufferBytes) : undefined;
    try {
      const tcpPort = await tcp?.listen(address, options.port);
      const udpPort = await udp?.listen(address, family, tcpPort ?? options.port);
      tell(intake, 'tcp', address, tcpPort);
      tell(intake, 'udp', address, udpPort);
      return { tcp, udp };
    } catch (error) {
      await tcp?.close();
      // The free port that TCP was given may be in use for UDP: another one.
      const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
      const unlucky = options.port === 0 && cause?.code === 'EADDRINUSE';
      if (!unlucky || attempt === ATTEMPTS) throw error;
    }
  }
}

function tell({ log }: Intake, transport: string, host: string, port: number | undefined): void {
  if (port === undefined) return;
  log.info(
    { event: 'listening', protocol: 'syslog', transport, host, port },
    `listening for syslog on ${transport.toUpperCase()} ${host}, port ${port}`,
  );
}
