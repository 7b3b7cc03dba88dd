import { simulateHalf } from './seeds.ts';

simulateHalf('even');
