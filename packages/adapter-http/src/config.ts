import { z } from 'zod';

/** Configuration of the `httpgateway` block. */
export interface HttpGatewayConfig {
  /** Address to listen on. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** Largest body taken, in bytes. */
  readonly maxBodyBytes: number;
  /** How long a request waits for the server, in milliseconds. */
  readonly timeoutMs: number;
  /** How many requests may wait for the server at once: bounds the bodies held. */
  readonly maxPending: number;
}

/** Schema of {@link HttpGatewayConfig}: every key has a default, unknown keys are errors. */
export const HTTP_GATEWAY_CONFIG: z.ZodType<HttpGatewayConfig> = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(8080),
  maxBodyBytes: z
    .int()
    .min(1)
    .default(1024 * 1024),
  timeoutMs: z.int().min(1).default(10_000),
  maxPending: z.int().min(1).default(1024),
});
