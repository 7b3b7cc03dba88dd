import { simulateHalf } from './seeds.ts';

simulateHalf('odd');
