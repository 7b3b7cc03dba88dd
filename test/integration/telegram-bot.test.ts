/**
 * The telegram-bot with a real ledger on a real broker, and a stand-in of Telegram over HTTP: a tap becomes a decision with a name; the real
 * program, killed in the middle of a call, says nothing twice.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLedgerModule } from '../../actors/ledger/actor.ts';
import { createTelegramBotModule } from '../../actors/telegram-bot/actor.ts';
import { createTelegram } from '../../adapters/telegram/api.ts';
import type { ActorModule } from '../../bus/actor.ts';
import { startBroker } from '../../bus/broker.ts';
import { systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { buildBundle, HomelabProcess } from '../kit/homelab-process.ts';
import { desiredNode } from '../kit/ledger-desk.ts';
import { haveMosquitto, startMosquitto } from '../kit/mosquitto.ts';
import { standInToken, TelegramStandIn } from '../kit/telegram-stand-in.ts';
import { waitFor } from '../kit/wait.ts';

const home = 77;
const id = 'container-restart-vps-web';

let dir: string;
let stopBroker: () => Promise<void>;
let url: string;
let telegram: TelegramStandIn;
let person: TestClient;
let actors: RunningActor[];
let processes: HomelabProcess[];
let gaveUp: Error[];

interface Started {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

async function startAedes(): Promise<Started> {
  const broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir: null, log: silentLog });
  return { url: `mqtt://127.0.0.1:${broker.port}`, stop: () => broker.close() };
}

const makes = [
  { make: 'the built-in broker', available: true, start: startAedes },
  { make: 'mosquitto', available: haveMosquitto(), start: (): Promise<Started> => startMosquitto() },
];

async function open({ start }: { readonly start: () => Promise<Started> }): Promise<void> {
  dir = mkdtempSync(join(tmpdir(), 'homelab-telegram-'));
  ({ url, stop: stopBroker } = await start());
  telegram = await new TelegramStandIn([home]).start();
  [actors, processes, gaveUp] = [[], [], []];
  person = await TestClient.connect(transportTo(url), { clientId: 'test' });
  await person.link.subscribe(['homelab/world/#', 'homelab/actors/#', 'homelab/replies/#']);
  await person.link.publish('homelab/desired/vps', JSON.stringify(desiredNode({ node: 'vps' })), { retain: true });
  run(createLedgerModule({ anonymousAllowed: () => false }));
}

async function close(): Promise<void> {
  for (const each of processes) await each.kill9();
  for (const each of actors) await each.stop();
  await telegram.stop();
  await person.link.close();
  await stopBroker();
  rmSync(dir, { recursive: true, force: true });
  expect(gaveUp).toEqual([]);
}

function run(module: ActorModule): RunningActor {
  const actor = new RunningActor({
    ...{ module, node: 'vps', site: 'hub', root: 'homelab', transport: transportTo(url), dataRoot: dir, clock: systemClock, log: silentLog },
    ...{ random: () => 0, version: '0.0.1', onGaveUp: (error: Error) => gaveUp.push(error) },
  });
  actor.start();
  actors.push(actor);
  return actor;
}

const runBot = (): RunningActor =>
  run(
    createTelegramBotModule({
      telegram: createTelegram({ token: standInToken, apiRoot: telegram.apiRoot }),
      ...{ explain: (_, { node }) => [`why ${node}`], chats: new Map([[home, 'anna']]), quiet: null, timeZone: 'UTC' },
    }),
  );

/** The real program. */
function startBot(): HomelabProcess {
  const tokenFile = join(dir, 'token');
  writeFileSync(tokenFile, `${standInToken}\n`);
  const started = new HomelabProcess(['run', 'telegram-bot'], {
    ...{ HOMELAB_BROKER_URL: url, HOMELAB_ROOT: join(dir, 'bot'), HOMELAB_INVENTORY: dir, NODE_NAME: 'vps', HOMELAB_LOG_LEVEL: 'debug' },
    ...{ TELEGRAM_BOT_TOKEN_FILE: tokenFile, TELEGRAM_ALLOWED_CHATS: `${home}=anna`, TELEGRAM_API_ROOT: telegram.apiRoot, TZ: 'UTC' },
  });
  processes.push(started);
  return started;
}

/** Asked again until it is there: a ledger that is starting has nobody to listen. */
async function propose(): Promise<void> {
  const proposal = JSON.stringify({ type: 'container_restart', node: 'vps', service: 'web', evidence: { message: 'exit code 137' } });
  await waitFor('the proposal', async () => {
    if (shown()?.status === 'pending') return true;
    await person.link.publish('homelab/actions/pending/supervisor-vps', proposal, { retain: false });
    return shown()?.status === 'pending';
  });
}

const last = (topic: string): Record<string, unknown> | undefined => {
  const seen = person.seen.findLast((each) => each.topic === topic);
  return seen === undefined || seen.text === '' ? undefined : (JSON.parse(seen.text) as Record<string, unknown>);
};
const shown = (): Record<string, unknown> | undefined => last(`homelab/world/actions/vps/${id}`);
const reads = (text: string): Promise<unknown> =>
  waitFor(`a message that reads ${text}`, () => telegram.texts(home).some((each) => each.includes(text)), {
    emitter: telegram,
    state: () => telegram.texts(home),
    deadlineMs: 20_000,
  });

/** Whatever the bot had waiting is fetched: from now on taps are fresh. */
const listening = (): Promise<unknown> =>
  waitFor('the bot to listen', () => telegram.calls.filter((method) => method === 'getUpdates').length >= 2, { deadlineMs: 20_000 });

describe.each(makes)('a tap on Approve, on $make', ({ available, start }) => {
  beforeEach(async () => {
    if (available) await open({ start });
  });
  afterEach(async () => {
    if (available) await close();
  });

  it.skipIf(!available)('is an approval of that action, under the name of the person and of the front end; the message says so', async () => {
    runBot();
    await propose();
    await listening();
    await reads('⏳ Waits for a yes: restart web on vps');
    const query = telegram.taps(home, 'Approve');
    await reads('👍 Approved: restart web on vps');
    expect(shown()).toMatchObject({ status: 'approved', approved_by: 'anna (tg 77) via telegram-bot-vps' });
    await waitFor('the answer at the button', () => telegram.answers.length > 0, { emitter: telegram });
    expect(telegram.answers).toMatchObject([{ query, isAlert: false }]);
    expect(telegram.answers[0]?.text).toMatch(/^Approved: restart web on vps/);
    expect(telegram.shown(home)).toHaveLength(1);
    expect(telegram.shown(home)[0]?.buttons).toEqual([]);
  });

  it.skipIf(!available)('of somebody who was too late is answered by the ledger, and changes nothing', async () => {
    runBot();
    await propose();
    await listening();
    await reads('⏳');
    await person.link.publish('homelab/actions/rejected/bert', id, { retain: false });
    telegram.taps(home, 'Approve');
    await waitFor('an answer', () => telegram.answers.length > 0, { emitter: telegram });
    await reads('🚫 Rejected: restart web on vps');
    expect(shown()?.status).toBe('rejected');
  });
});

describe('what people write, on the built-in broker', () => {
  beforeEach(() => open({ start: startAedes }));
  afterEach(close);

  it('and tapped while Telegram fails now and then still comes through, and nothing is said twice', async () => {
    telegram.says(home, '/help');
    telegram.fail('getUpdates', { is: 'page' });
    runBot();
    await reads('/status');
    telegram.fail('sendMessage', { is: 'flood', retryAfterS: 1 });
    telegram.fail('sendMessage', { is: 'error', isDone: true });
    await propose();
    await reads('⏳');
    await waitFor('three polls', () => telegram.calls.filter((method) => method === 'getUpdates').length >= 3, { deadlineMs: 20_000 });
    telegram.says(home, '/actions');
    await reads('Waiting for a yes');
    expect(telegram.texts(home).filter((text) => text.startsWith('⏳'))).toHaveLength(1);
    telegram.taps(home, 'Approve');
    await reads('👍 Approved');
  });

  it('is answered in chats on the list, and in no other', async () => {
    runBot();
    await propose();
    await listening();
    await reads('⏳');
    telegram.says(999, '/status');
    for (const [command, answer] of [
      ['/status', '1 waits for a yes'],
      ['/actions@example_bot', 'restart web on vps (low risk'],
      ['/why vps', 'why vps'],
      ['/mute vps 2h', 'makes no sound in this chat'],
      ['/frobnicate', 'I do not know /frobnicate'],
    ] as const) {
      telegram.says(home, command);
      await reads(answer);
    }
    expect(telegram.shown(999)).toEqual([]);
  });
});

describe('the real program', () => {
  beforeEach(() => open({ start: startAedes }));
  afterEach(close);
  beforeAll(() => {
    buildBundle();
  });

  it('killed while Telegram has a message and it has no answer, finds that message again and says nothing twice; its log never shows the token', async () => {
    const first = startBot();
    telegram.says(home, '/help');
    await reads('/status');
    telegram.fail('sendMessage', { is: 'silence', isDone: true });
    await propose();
    await reads('⏳');
    await first.kill9();
    const second = startBot();
    await waitFor('the message to be found', () => telegram.calls.includes('editMessageText'), { deadlineMs: 20_000 });
    await person.link.publish('homelab/actions/rejected/anna', id, { retain: false });
    await reads('🚫 Rejected');
    await second.kill9();
    const polls = telegram.calls.length;
    const third = startBot();
    await third.says('"connected"');
    await waitFor('it to listen', () => telegram.calls.slice(polls).includes('getUpdates'), { deadlineMs: 20_000 });
    telegram.says(home, '/mutes');
    await reads('Nothing is muted here.');
    expect(telegram.texts(home).filter((text) => text.includes(id))).toHaveLength(1);
    expect([first, second, third].map(({ log, out }) => log + out).join('')).not.toContain(standInToken.slice(8));
  });

  it('says which variable is wrong, and not what is in it', async () => {
    const wrong = new HomelabProcess(['run', 'telegram-bot'], { HOMELAB_BROKER_URL: url, HOMELAB_ROOT: join(dir, 'w'), TELEGRAM_BOT_TOKEN: 'hunter2' });
    processes.push(wrong);
    expect((await wrong.exited()).code).toBe(2);
    expect(wrong.log + wrong.out).toContain('TELEGRAM_BOT_TOKEN: expected a token as @BotFather gives it');
    expect(wrong.log + wrong.out).not.toContain('hunter2');
  });
});
