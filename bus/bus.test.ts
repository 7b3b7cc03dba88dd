import { busSuite } from '../test/kit/bus-suite.ts';
import { startMemory } from '../test/kit/restartable-brokers.ts';

busSuite(startMemory);
