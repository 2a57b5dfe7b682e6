import { cli } from '@sputnikjs/sidecar/cli';
import { OriginalFolder } from './original-folder.js';

await cli({ name: 'protocol-adapter', dialect: (folder) => new OriginalFolder(folder) });
