import { SputnikError, type BlockCommunicator, type BlockDescriptor, type Lookup } from '@sputnikjs/core';
import { cloned } from '../clone/cloned.js';
import { addressFrom, type AddressBook, type Place } from '../folder/address-book.js';
import type { Destination, DestinationOf } from './level.js';

/** Finds the block of another satellite for an address that no block of the satellite at `path` has. */
export function lookupFrom(path: string, book: AddressBook, destinationOf: DestinationOf): Lookup {
  return (address, self) => {
    const place = book.find(path, address);
    return place && handleOn(place, address, { path, self, book, destinationOf });
  };
}

/** The owner of a handle. */
interface Owner {
  readonly path: string;
  readonly self: BlockCommunicator;
  readonly book: AddressBook;
  readonly destinationOf: DestinationOf;
}

/** A handle on a block of another satellite. After a restart of that satellite it looks the block up again. */
function handleOn(place: Place, address: string, { path, self, book, destinationOf }: Owner): BlockCommunicator {
  const from = descriptorFrom(place.path, ownPlace(path, self.descriptor, book));
  const current = destinationOf(place.path);
  let known: Destination | undefined;
  let handle: BlockCommunicator | undefined;
  const there = (): BlockCommunicator | undefined => {
    const now = current();
    if (now !== known) {
      known = now;
      handle = now?.communicator(place.responsibility, from);
    }
    return handle;
  };
  const across: BlockCommunicator = {
    descriptor: { name: place.name, responsibility: address },
    communicator: (other) => self.communicator(other),
    send: (msg) => there()?.send(msg) ?? false,
    post: async (msg, options) => (await there()?.post(msg, options)) ?? false,
    ask: (msg, options) => there()?.ask(msg, options) ?? Promise.reject(new SputnikError('ASK_REFUSED')),
  };
  return book.clonesBetween(path, place.path) ? cloning(across) : across;
}

/** The same handle, by which messages and answers arrive as in a thread. */
function cloning(to: BlockCommunicator): BlockCommunicator {
  return {
    descriptor: to.descriptor,
    communicator: (other) => to.communicator(other),
    send: (msg) => to.send(cloned('the message', msg)),
    post: async (msg, options) => await to.post(cloned('the message', msg), options),
    ask: async (msg, options) => cloned('the answer', await to.ask(cloned('the message', msg), options)),
  };
}

/** The place of a block, which may be outside this satellite. */
function ownPlace(path: string, { name, responsibility }: BlockDescriptor, book: AddressBook): Place {
  return book.find(path, responsibility) ?? { path, responsibility, name };
}

/** The descriptor of a block, as the blocks of the satellite at `path` know it. */
function descriptorFrom(path: string, place: Place): BlockDescriptor {
  return { name: place.name, responsibility: addressFrom(path, place) };
}
