/**
 * Telegram's Bot API in little, over HTTP on this machine: chats, messages with numbers, buttons, long polls; and its refusals, in its own words.
 *
 * Refuses what the real one refuses: texts above 4096 characters or empty, callback data above 64 bytes, edits that change nothing, edits of
 * messages that are not there or not the bot's, chats it does not know, answers to queries it does not know, two polls at once, wrong
 * tokens. Can be told to fail: 429, 5xx before or after the deed, a web page for an answer, silence, a connection that breaks.
 */
import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const standInToken = '1234567:stand-in_token_of_nobody_at_all';

export interface ShownMessage {
  readonly id: number;
  readonly chat: number;
  readonly isSilent: boolean;
  /** What it has read, oldest first. */
  readonly texts: string[];
  buttons: readonly { readonly label: string; readonly data: string }[];
  readonly isOurs: boolean;
}

type Failure =
  | { readonly is: 'flood'; readonly retryAfterS: number }
  /** `isDone`: it did what was asked, and failed then. */
  | { readonly is: 'error'; readonly isDone: boolean }
  | { readonly is: 'page' }
  | { readonly is: 'silence'; readonly isDone: boolean }
  | { readonly is: 'break'; readonly isDone: boolean };

type Body = Readonly<Record<string, unknown>>;
type Answer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error_code: number; readonly description: string; readonly parameters?: object };

const refuse = (error_code: number, description: string, parameters?: object): Answer => ({
  ok: false,
  error_code,
  description,
  ...(parameters === undefined ? {} : { parameters }),
});

export class TelegramStandIn extends EventEmitter {
  readonly messages: ShownMessage[] = [];
  readonly answers: { readonly query: string; readonly text: string; readonly isAlert: boolean }[] = [];
  /** Methods in the order in which they were called. */
  readonly calls: string[] = [];
  private readonly chats: Set<number>;
  private readonly failures: { readonly method: string; readonly failure: Failure }[] = [];
  private readonly updates: { readonly update_id: number; readonly [field: string]: unknown }[] = [];
  private readonly queries = new Set<string>();
  private poll: (() => void) | null = null;
  private server: Server | null = null;
  private port = 0;
  private lastId = 10;
  private lastUpdate = 500;

  constructor(chats: readonly number[]) {
    super();
    this.chats = new Set(chats);
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      this.serve(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    return this;
  }

  /** From now on connections are refused; `start` listens on the same port again. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = null;
    this.poll?.();
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
  }

  get apiRoot(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Of the next call of that method; several queue up. */
  fail(method: string, failure: Failure): void {
    this.failures.push({ method, failure });
  }

  /** The bot's messages in a chat. */
  shown(chat: number): readonly ShownMessage[] {
    return this.messages.filter((message) => message.chat === chat && message.isOurs);
  }

  /** What each of them reads now. */
  texts(chat: number): readonly string[] {
    return this.shown(chat).map(({ texts }) => texts.at(-1) ?? '');
  }

  says(chat: number, text: string, from = { id: 77, first_name: 'Anna' }): void {
    const id = this.newMessage({ chat, text, buttons: [], isSilent: false, isOurs: false });
    this.tell({
      message: { message_id: id, date: Math.floor(Date.now() / 1000), chat: { id: chat, type: 'private' }, from: { is_bot: false, ...from }, text },
    });
  }

  /** Taps the button with that label of the newest message that has one; returns the query. */
  taps(chat: number, label: string, from: { readonly id: number; readonly first_name: string } = { id: 77, first_name: 'Anna' }): string {
    const message = this.shown(chat).findLast(({ buttons }) => buttons.some((each) => each.label.startsWith(label)));
    const button = message?.buttons.find((each) => each.label.startsWith(label));
    if (message === undefined || button === undefined) throw new Error(`no button ${label}; there is ${JSON.stringify(this.texts(chat))}`);
    const id = `query-${this.lastUpdate + 1}`;
    this.queries.add(id);
    const shown = { message_id: message.id, date: 0, chat: { id: chat, type: 'private' }, text: message.texts.at(-1) };
    this.tell({ callback_query: { id, from: { is_bot: false, ...from }, chat_instance: '1', message: shown, data: button.data } });
    return id;
  }

  private tell(update: Body): void {
    this.lastUpdate += 1;
    this.updates.push({ update_id: this.lastUpdate, ...update });
    this.poll?.();
  }

  private newMessage({ chat, text, buttons, isSilent, isOurs }: Omit<ShownMessage, 'id' | 'texts'> & { readonly text: string }): number {
    this.lastId += 1;
    this.messages.push({ id: this.lastId, chat, isSilent, texts: [text], buttons, isOurs });
    this.emit('change');
    return this.lastId;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, token = '', method = ''] = /^\/bot([^/]+)\/(\w+)$/.exec(request.url ?? '') ?? [];
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const body = (text === '' ? {} : JSON.parse(text)) as Body;
    this.calls.push(method);
    const at = this.failures.findIndex((each) => each.method === method);
    const [failing] = at === -1 ? [] : this.failures.splice(at, 1);
    if (failing !== undefined) {
      this.failNow(response, failing.failure, method, body);
      return;
    }
    const answer = token === standInToken ? await this.answer(method, body, request) : refuse(401, 'Unauthorized');
    send(response, answer.ok ? 200 : answer.error_code, answer);
  }

  private failNow(response: ServerResponse, failure: Failure, method: string, body: Body): void {
    if ('isDone' in failure && failure.isDone) this.deed(method, body);
    switch (failure.is) {
      case 'flood':
        send(response, 429, refuse(429, `Too Many Requests: retry after ${failure.retryAfterS}`, { retry_after: failure.retryAfterS }));
        break;
      case 'error':
        send(response, 502, refuse(502, 'Bad Gateway'));
        break;
      case 'page':
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>log in to this network</html>');
        break;
      case 'silence':
        break;
      case 'break':
        response.destroy();
        break;
    }
  }

  private answer(method: string, body: Body, request: IncomingMessage): Answer | Promise<Answer> {
    return method === 'getUpdates' ? this.getUpdates(body, request) : this.deed(method, body);
  }

  private deed(method: string, body: Body): Answer {
    if (method === 'sendMessage') return this.sendMessage(body);
    if (method === 'editMessageText') return this.editMessageText(body);
    if (method === 'answerCallbackQuery') return this.answerCallbackQuery(body);
    return refuse(404, 'Not Found');
  }

  private async getUpdates({ offset = 0, timeout = 0 }: Body, request: IncomingMessage): Promise<Answer> {
    if (this.poll !== null) return refuse(409, 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running');
    while ((this.updates[0]?.update_id ?? Number.POSITIVE_INFINITY) < Number(offset)) this.updates.shift();
    if (this.updates.length === 0 && Number(timeout) > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Number(timeout) * 1000);
        this.poll = () => {
          clearTimeout(timer);
          resolve();
        };
        request.socket.once('close', this.poll);
      });
      this.poll = null;
    }
    return { ok: true, result: this.updates.slice(0, 100) };
  }

  private sendMessage(body: Body): Answer {
    const chat = Number(body.chat_id);
    const fault = this.faultOf(body);
    if (fault !== null) return fault;
    if (!this.chats.has(chat)) return refuse(400, 'Bad Request: chat not found');
    const id = this.newMessage({ chat, text: String(body.text), buttons: buttonsOf(body), isSilent: body.disable_notification === true, isOurs: true });
    return { ok: true, result: { message_id: id, date: 0, chat: { id: chat, type: 'private' }, text: body.text } };
  }

  private editMessageText(body: Body): Answer {
    const found = this.messages.find(({ id, chat }) => id === body.message_id && chat === body.chat_id);
    const fault = this.faultOf(body);
    if (fault !== null) return fault;
    if (found === undefined) return refuse(400, 'Bad Request: message to edit not found');
    if (!found.isOurs) return refuse(400, "Bad Request: message can't be edited");
    const buttons = buttonsOf(body);
    if (found.texts.at(-1) === body.text && JSON.stringify(found.buttons) === JSON.stringify(buttons)) {
      return refuse(
        400,
        'Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message',
      );
    }
    found.texts.push(String(body.text));
    found.buttons = buttons;
    this.emit('change');
    return { ok: true, result: { message_id: found.id, date: 0, chat: { id: found.chat, type: 'private' }, text: body.text } };
  }

  private answerCallbackQuery({ callback_query_id: query, text = '', show_alert: isAlert = false }: Body): Answer {
    if (!this.queries.delete(String(query))) return refuse(400, 'Bad Request: query is too old and response timeout expired or query ID is invalid');
    if (String(text).length > 200) return refuse(400, 'Bad Request: MESSAGE_TOO_LONG');
    this.answers.push({ query: String(query), text: String(text), isAlert: isAlert === true });
    this.emit('change');
    return { ok: true, result: true };
  }

  private faultOf(body: Body): Answer | null {
    const text = typeof body.text === 'string' ? body.text : '';
    if (text.trim() === '') return refuse(400, 'Bad Request: message text is empty');
    if (text.length > 4096) return refuse(400, 'Bad Request: message is too long');
    return buttonsOf(body).some(({ data }) => Buffer.byteLength(data) > 64 || data === '') ? refuse(400, 'Bad Request: BUTTON_DATA_INVALID') : null;
  }
}

function send(response: ServerResponse, status: number, answer: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}

function buttonsOf({ reply_markup: markup }: Body): ShownMessage['buttons'] {
  const rows =
    (markup as { readonly inline_keyboard?: readonly (readonly { readonly text: string; readonly callback_data: string }[])[] } | undefined)?.inline_keyboard ??
    [];
  return rows.flat().map(({ text, callback_data: data }) => ({ label: text, data }));
}
