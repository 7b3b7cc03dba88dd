import { RawClient } from '/work/main/test/kit/raw-client.ts';
import { publishPacket, subscribePacket } from '/work/main/test/kit/broker-fuzz-inputs.ts';
import { startBroker } from '/work/main/bus/broker.ts';
import { silentLog } from '/work/main/bus/log.ts';
import { startPlainAedes } from '/work/main/test/kit/plain-aedes.ts';
for (const kind of ["ours"]) {
  const b = kind==='ours' ? await startBroker({host:'127.0.0.1',port:0,dataDir:null,log:silentLog}) : await startPlainAedes();
  const w = await RawClient.connected(b.port,'w');
  const t0=performance.now();
  for (let i=0;i<Number(process.env.N);i+=1000) { w.socket.write(Buffer.concat(Array.from({length:1000},(_,k)=>publishPacket(`root/room-${(i+k)%100}/s-${Math.floor((i+k)/100)}/state`, 'x'.repeat(250),1)))); }
  w.socket.write(publishPacket('done','x',2+1,1)); await w.until('ack',r=>r.length>=8);
  const loaded=performance.now()-t0;
  const times=[];
  for (let i=0;i<20;i++){ const r=await RawClient.connected(b.port,'r'+i); const s=performance.now(); const topic=`root/room-42/s-${i}/state`; await new Promise<void>(res=>{ r.socket.on('data',()=>{ if(r.received.includes(topic)) res(); }); r.socket.write(subscribePacket([[topic,0]])); }); times.push(performance.now()-s); r.socket.destroy(); }
  times.sort((a,b)=>a-b);
  console.log(kind,'load ms',Math.round(loaded),'exact median ms',times[10]!.toFixed(2),'max',times[19]!.toFixed(2));
  await b.close();
}
process.exit(0);
