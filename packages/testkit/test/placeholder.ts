import '@sputnikjs/testkit';
