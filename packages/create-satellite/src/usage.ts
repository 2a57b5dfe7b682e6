/** What the user has to change: shown without a stack. */
export class UsageError extends Error {}

export const USAGE = `Makes a new satellite in a folder of its own.

    npm create @sputnikjs/satellite my-sidecar [-- --packages DIR]

  my-sidecar       the folder, new or empty; its last part is the name of the satellite
  --packages DIR   take the packages of Sputnik from tarballs in DIR, copied to vendor/
  --help           show this text
`;
