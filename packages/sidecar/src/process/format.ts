import { serialize } from 'node:v8';

/** How frames are laid out here; another number after each change that the version before cannot read. */
const LAYOUT = 2;
/** With this byte, behind the first, the serializer of Node says which version it is: it reads none that is newer. */
const [, SERIALIZER] = serialize(0);

/** How this process writes messages for others. Only processes of the same format understand each other. */
export const FORMAT: string = `${LAYOUT}.${SERIALIZER}`;
