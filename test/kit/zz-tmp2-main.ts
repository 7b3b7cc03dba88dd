import { RetainedMessages } from '/work/main/bus/broker-retained.ts';
import { defaultBrokerLimits } from '/work/main/bus/broker-limits.ts';
import { newCounters } from '/work/main/bus/broker-counters.ts';
const r = new RetainedMessages(defaultBrokerLimits, newCounters());
const t=performance.now();
for (let i=0;i<100_000;i+=1) r.store({topic:`root/room-${i%100}/s-${Math.floor(i/100)}/state`, payload: Buffer.alloc(250), qos:1, retain:true});
console.log('store 100k ms', Math.round(performance.now()-t));
const s=performance.now(); for (let i=0;i<1000;i+=1) r.matching(`root/room-${i%100}/s-${i}/state`); console.log('exact us', ((performance.now()-s)).toFixed(2));
