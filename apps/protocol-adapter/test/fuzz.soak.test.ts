import { fuzzTrials } from './fuzz/trials.js';

fuzzTrials(300);
