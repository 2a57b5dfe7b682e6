import type { EventListener, FlightStatus, SputnikEvent } from '../block/events.js';

/** Tells the listener of every event, and knows from them how the connection is. */
export class Emitter {
  connection: FlightStatus['connection'] = 'idle';
  readonly #onEvent: EventListener;
  readonly #failed: (error: unknown) => void;

  /** `failed` is called with what the listener throws, or its promise rejects with. */
  constructor(onEvent: EventListener, failed: (error: unknown) => void) {
    this.#onEvent = onEvent;
    this.#failed = failed;
  }

  readonly emit = (event: SputnikEvent): void => {
    const { type } = event;
    if (type === 'connecting' || type === 'connected' || type === 'disconnected') this.connection = type;
    if (type === 'landed') this.connection = 'disconnected';
    try {
      const told = this.#onEvent(event) as unknown;
      // guard: F3 a listener that rejects does too
      if (told instanceof Promise) told.catch(this.#failed);
    } catch (error) {
      // guard: F3 a listener that throws lands the satellite
      this.#failed(error);
    }
  };
}
